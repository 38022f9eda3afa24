using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>
/// The memory objects of a process: what its VMAs and descriptors refer to that has no name in the file system. Each stands here
/// once, however many refer to it.
/// </summary>
public sealed class MemoryObjectTable(Refusals refusals)
{
    private const string MemFdPrefix = "/memfd:";
    private const string DeletedSuffix = " (deleted)";
    private readonly Dictionary<(ulong Device, ulong Inode), int> _ids = [];
    private readonly List<(MemoryObjectRecord Record, string Path)> _objects = [];
    private readonly ulong _kernelMemory = KernelMemoryDevice();

    /// <summary>The objects, each with a path under /proc that opens it.</summary>
    public IReadOnlyList<(MemoryObjectRecord Record, string Path)> Objects => _objects;

    /// <summary>The number of an object; 0 when it cannot be saved, which is refused in the subject's name.</summary>
    /// <param name="subject">What refers to it.</param>
    /// <param name="link">What the kernel calls it: where the link in /proc leads.</param>
    /// <param name="status">Its status; it has no links left.</param>
    /// <param name="path">A path under /proc that opens it.</param>
    public int IdOf(string subject, string link, FileStatus status, string path)
    {
        if (_ids.TryGetValue((status.Device, status.Inode), out int known))
        {
            return known;
        }

        if (Refused(link, status, path) is { } refused)
        {
            refusals.Add(subject, refused, link);
            return 0;
        }

        int id = _objects.Count + 1;
        _ids.Add((status.Device, status.Inode), id);
        _objects.Add((Record(id, KindOf(link, status), link, status, path), path));
        return id;
    }

    private static MemoryObjectRecord Record(int id, MemoryObjectKind kind, string link, FileStatus status, string path) => new()
    {
        Id = id,
        Kind = kind,
        Name = kind switch
        {
            MemoryObjectKind.MemFd => Stem(link)[MemFdPrefix.Length..],
            MemoryObjectKind.SharedAnonymous => "",
            _ => Stem(link),
        },
        Size = status.Size,
        Mode = status.Mode,
        Seals = kind == MemoryObjectKind.MemFd ? ReadSeals(path) : 0,
    };

    private MemoryObjectKind KindOf(string link, FileStatus status)
    {
        if (status.Device == _kernelMemory)
        {
            return link.StartsWith(MemFdPrefix) ? MemoryObjectKind.MemFd : MemoryObjectKind.SharedAnonymous;
        }

        // A file that never had a name goes by its inode's number.
        string unnamed = string.Create(CultureInfo.InvariantCulture, $"/#{status.Inode}");
        return Stem(link).EndsWith(unnamed) ? MemoryObjectKind.NamelessFile : MemoryObjectKind.DeletedFile;
    }

    private UnsupportedKind? Refused(string link, FileStatus status, string path)
    {
        bool kept = link.StartsWith(MemFdPrefix) || link.StartsWith("/dev/zero");
        return status.Device == _kernelMemory && kept ? null
            : link.StartsWith("/SYSV") ? UnsupportedKind.SharedSystemV
            : link.StartsWith("/[aio]") ? UnsupportedKind.AsyncIoContext
            : link.StartsWith("/anon_hugepage") || link.StartsWith(MemFdPrefix) ? UnsupportedKind.HugetlbMemory
            : status.Device == _kernelMemory ? UnsupportedKind.SpecialMapping
            : RefusedSystem(path);
    }

    private static string Stem(string link) => link.EndsWith(DeletedSuffix) ? link[..^DeletedSuffix.Length] : link;

    private static int ReadSeals(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        int seals = Interop.fcntl((int)file.DangerousGetHandle(), Interop.F_GET_SEALS);
        return seals >= 0 ? seals : throw new NativeException("fcntl(F_GET_SEALS)", Marshal.GetLastPInvokeError(), path);
    }

    // In these file systems a file without a name is no file of the process's own.
    private static UnsupportedKind? RefusedSystem(string path)
    {
        using SafeFileHandle file = OpenPlace(path);
        return FileSystem.Of((int)file.DangerousGetHandle()) switch
        {
            FileSystem.HugePages => UnsupportedKind.HugetlbMemory,
            FileSystem.MessageQueues => UnsupportedKind.DeletedQueue,
            FileSystem.Proc => UnsupportedKind.ProcEntry,
            _ => null,
        };
    }

    private static SafeFileHandle OpenPlace(string path)
    {
        int file = Interop.open(path, Interop.O_PATH | Interop.O_CLOEXEC);
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true) : throw new NativeException("open", Marshal.GetLastPInvokeError(), path);
    }

    // The kernel keeps memfds, anonymous shared memory and System V segments in a file system that is mounted nowhere. A memfd
    // of our own tells its device.
    private static unsafe ulong KernelMemoryDevice()
    {
        fixed (byte* name = "probe\0"u8)
        {
            long fd = Interop.syscall(Interop.SYS_memfd_create, (nint)name, 1);
            if (fd < 0)
            {
                throw new NativeException("memfd_create", Marshal.GetLastPInvokeError(), "probe");
            }

            using SafeFileHandle handle = new((nint)fd, ownsHandle: true);
            return FileStatus.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}")).Device;
        }
    }
}
