using System.Globalization;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Session;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Terminals;

/// <summary>
/// The restorer's controlling terminal, for processes that are restored as its job: theirs is the foreground while they run, as a shell gives it to
/// its jobs. When they stop, the restorer stops with them, and goes on with them.
/// </summary>
internal sealed unsafe class JobTerminal : IDisposable
{
    private const string Current = "/dev/tty";
    private const int SigStop = 19;
    private const int SigCont = 18;
    private const int SigWinch = 28;
    private readonly SafeFileHandle _terminal;
    private readonly TerminalJobRecord _record;
    private int _group;

    private JobTerminal(SafeFileHandle terminal, TerminalJobRecord record)
    {
        _terminal = terminal;
        _record = record;
    }

    /// <summary>The path of our controlling terminal.</summary>
    internal static string OwnPath
    {
        get
        {
            string stat = File.ReadAllText("/proc/self/stat");
            int device = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[4], CultureInfo.InvariantCulture);
            return TerminalDevice.IndexOf(device) is { } index ? PseudoTerminals.PathOf(index) : Current;
        }
    }

    /// <summary>The process group of the image that was in the foreground; 0 for none.</summary>
    internal int Group => _record.ForegroundGroup;

    /// <summary>Opens it for the processes of a checkpoint; null when none of them belongs to a terminal outside.</summary>
    /// <exception cref="LazyRestoreException">They do, and it was not asked for or is not there.</exception>
    internal static JobTerminal? Open(Checkpoint checkpoint, bool isWanted)
    {
        if (checkpoint.Files.OfType<TerminalJobRecord>().FirstOrDefault() is not { } record)
        {
            return null;
        }

        string process = $"process {checkpoint.Process.Pid} was a job of the terminal {record.Path}";
        if (!isWanted)
        {
            throw new LazyRestoreException(FailureReason.Unsupported, process, "Restore it in the foreground of a terminal, with --shell-job.");
        }

        int terminal = Interop.open(Current, Interop.O_RDWR | Interop.O_CLOEXEC);
        return terminal >= 0
            ? new JobTerminal(new SafeFileHandle(terminal, ownsHandle: true), record)
            : throw new LazyRestoreException(
                FailureReason.Unsupported, $"{process}, and lazyrestore has none (errno {Marshal.GetLastPInvokeError()})", "Start it from a shell in a terminal.");
    }

    /// <summary>Gives the terminal to the processes, with the modes they had set, before they run.</summary>
    /// <param name="group">The process group here that was in the foreground; 0 for our own.</param>
    internal void Give(int group)
    {
        _group = group;
        fixed (byte* modes = _record.Modes.Span)
        {
            Request(Interop.TCSETS2, "TCSETS2", (nint)modes);
        }

        Foreground(group);
    }

    /// <summary>Tells the processes when the window has another size than it had.</summary>
    internal void TellSize(IEnumerable<int> pids)
    {
        byte[] size = new byte[PseudoTerminal.WindowSizeSize];
        fixed (byte* start = size)
        {
            Request(Interop.TIOCGWINSZ, "TIOCGWINSZ", (nint)start);
        }

        if (!size.AsSpan().SequenceEqual(_record.WindowSize.Span))
        {
            foreach (int pid in pids)
            {
                Interop.syscall((long)SystemCall.kill, pid, SigWinch);
            }
        }
    }

    /// <summary>Waits for the end of the first process, and stops whenever it stops.</summary>
    /// <returns>Its status as a shell gives it.</returns>
    internal int Wait(int pid)
    {
        StopStatus status;
        while (!(status = ChildStatus.WaitForChange(pid)).Ended)
        {
            // A group that is ours has been stopped as a whole.
            if (_group != 0)
            {
                TakeBack();
                Interop.syscall((long)SystemCall.kill, Environment.ProcessId, SigStop);
                GoOn();
            }
        }

        TakeBack();
        return status.ShellStatus;
    }

    /// <summary>Takes the foreground back.</summary>
    internal void TakeBack()
    {
        if (_group != 0)
        {
            Foreground(OwnGroup);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _terminal.Dispose();

    private static int OwnGroup => (int)Interop.syscall((long)SystemCall.getpgrp);

    // The shell has let us go on: in the foreground when that is ours again.
    private void GoOn()
    {
        int now = 0;
        Request(Interop.TIOCGPGRP, "TIOCGPGRP", (nint)(&now));
        if (now == OwnGroup)
        {
            Foreground(_group);
        }

        Interop.syscall((long)SystemCall.kill, -_group, SigCont);
    }

    private void Foreground(int group)
    {
        int number = group == 0 ? OwnGroup : group;
        Request(Interop.TIOCSPGRP, "TIOCSPGRP", (nint)(&number));
    }

    // Who is not in the foreground is stopped for changing the terminal, unless it blocks SIGTTOU.
    private void Request(nuint request, string name, nint argument)
    {
        const int Block = 0;
        const int Replace = 2;
        const int SigTtou = 22;
        ulong set = 1UL << (SigTtou - 1);
        ulong before = 0;
        Interop.syscall((long)SystemCall.rt_sigprocmask, Block, (nint)(&set), (nint)(&before), sizeof(ulong));
        int result = Interop.ioctl((int)_terminal.DangerousGetHandle(), request, argument);
        int errno = Marshal.GetLastPInvokeError();
        Interop.syscall((long)SystemCall.rt_sigprocmask, Replace, (nint)(&before), 0, sizeof(ulong));
        if (result < 0)
        {
            throw new NativeException(name, errno, "the controlling terminal");
        }
    }
}
