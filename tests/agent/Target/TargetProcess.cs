using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using LazyRestore.Agent.Moving;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Tests.Target;

/// <summary>A process that lacks all of its memory, and the holder's copies of its descriptors.</summary>
internal sealed class TargetProcess : IDisposable
{
    private const int PidfdOpen = 434;
    private const int PidfdGetFd = 438;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<TargetConnection> _children = [];
    private readonly Process _process;
    private SafeFileHandle? _pidfd;

    public TargetProcess(ulong start, int pages)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        _process = Process.Start(
            TargetProgram.Path, [_path, start.ToString("x", CultureInfo.InvariantCulture), pages.ToString(CultureInfo.InvariantCulture)]);
        Main = new TargetConnection(_listener.Accept());
        int number = int.Parse(Main.Hear(), CultureInfo.InvariantCulture);
        Fault = Take(_process.Id, number);
        Main.Do("close");
    }

    public int Id => _process.Id;

    /// <summary>The conversation with the process.</summary>
    public TargetConnection Main { get; }

    /// <summary>Its userfaultfd, which it does not hold itself.</summary>
    public SafeFileHandle Fault { get; }

    /// <summary>Starts a mover in it.</summary>
    /// <param name="code">The mover's machine code; null for a thread in C that works alike.</param>
    public MoverRing StartMover(byte[]? code = null)
    {
        var ring = MoverRing.Create(new MoverPlaces(0x5000_0000_0000, 0x5000_1000_0000));
        int commands = code is null ? -1 : Load(code, ring.Commands);
        string answer = Main.Ask(
            "mover",
            (ulong)Environment.ProcessId,
            (ulong)ring.Memory,
            ((ulong)Fault.DangerousGetHandle() << 32) | (uint)ring.Completions);
        int descriptors = int.Parse(answer, CultureInfo.InvariantCulture);
        ring.Describe(new MoverDescriptors(descriptors & 0xFFFF, commands, descriptors >> 16, -1, -1));
        _pidfd = new SafeFileHandle((nint)(long)syscall(PidfdOpen, _process.Id, 0), ownsHandle: true);
        ring.Watch((int)_pidfd.DangerousGetHandle());
        if (code is not null)
        {
            Main.Do("run");
        }

        return ring;
    }

    private int Load(byte[] code, int commands)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        file.Write(code);
        file.SetLength(Environment.SystemPageSize);
        string answer = Main.Ask("code", (ulong)Environment.ProcessId, (ulong)file.SafeFileHandle.DangerousGetHandle(), (ulong)commands);
        return int.Parse(answer, CultureInfo.InvariantCulture);
    }

    public static SafeFileHandle Duplicate(int descriptor)
    {
        int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        Assert.True(copy >= 0);
        return new SafeFileHandle(copy, ownsHandle: true);
    }

    /// <summary>Lets it fork; the child does what it is told as well.</summary>
    public TargetConnection Fork()
    {
        string child = Main.Ask("fork");
        TargetConnection connection = new(_listener.Accept());
        _children.Add(connection);
        Assert.Equal(child, connection.Hear());
        return connection;
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        // The children end when their conversation does, or with the userfaultfd.
        _children.ForEach(child => child.Dispose());
        Kill();
        _process.Dispose();
        Main.Dispose();
        Fault.Dispose();
        _pidfd?.Dispose();
        _listener.Dispose();
        File.Delete(_path);
    }

    public static SafeFileHandle Take(int pid, int descriptor)
    {
        int process = (int)(long)syscall(PidfdOpen, pid, 0);
        int taken = (int)(long)syscall(PidfdGetFd, process, descriptor, 0);
        close(process);
        Assert.True(taken >= 0);
        return new SafeFileHandle(taken, ownsHandle: true);
    }
}
