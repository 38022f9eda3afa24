using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;
using LazyRestore.Tools.Dump.SystemV;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>
/// The memory objects of a process: what its VMAs and descriptors refer to that has no name in the file system. Each stands here
/// once, however many refer to it.
/// </summary>
public sealed class MemoryObjectTable(Refusals refusals)
{
    private const string MemFdPrefix = "/memfd:";
    private const string SystemVPrefix = "/SYSV";
    private const string DeletedSuffix = " (deleted)";
    private readonly Dictionary<(ulong Device, ulong Inode), int> _ids = [];
    private readonly List<(MemoryObjectRecord Record, string Path)> _objects = [];
    private readonly Dictionary<int, int> _segments = [];
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
        if (_objects[^1].Record.Kind == MemoryObjectKind.SystemV)
        {
            // The kernel gives the inode of a segment the segment's number.
            _segments.Add(id, (int)status.Inode);
        }

        return id;
    }

    /// <summary>Segments of System V shared memory, with all VMAs that processes have of them.</summary>
    /// <param name="vmas">The VMAs of each process, by address.</param>
    internal IReadOnlyList<SystemVMapping> Segments(IReadOnlyList<IReadOnlyList<VmaRecord>> vmas) =>
    [
        .. _segments.Select(segment => new SystemVMapping(
            segment.Value,
            segment.Key,
            vmas.Sum(process => process.Count(vma => IsOf(vma, segment.Key))),
            vmas.All(process => IsWhole([.. process.Where(vma => IsOf(vma, segment.Key))], _objects[segment.Key - 1].Record.Size)))),
    ];

    private static bool IsOf(VmaRecord vma, int id) => vma.Kind == VmaKind.Object && vma.BackingId == id;

    // Each begins at the beginning, goes on where the one before ended, or ends at the end.
    private static bool IsWhole(VmaRecord[] vmas, long size)
    {
        ulong end = ((ulong)size + PageRange.PageSize - 1) & ~(ulong)(PageRange.PageSize - 1);
        bool follows(int place) => place >= 0 && place < vmas.Length - 1
            && vmas[place].End == vmas[place + 1].Start && vmas[place].Offset + vmas[place].Length == vmas[place + 1].Offset;
        return vmas.Index().All(one =>
            (one.Item.Offset == 0 || follows(one.Index - 1)) && (one.Item.Offset + one.Item.Length == end || follows(one.Index)));
    }

    private static MemoryObjectRecord Record(int id, MemoryObjectKind kind, string link, FileStatus status, string path) => new()
    {
        Id = id,
        Kind = kind,
        Name = kind switch
        {
            MemoryObjectKind.MemFd => Stem(link)[MemFdPrefix.Length..],
            MemoryObjectKind.SharedAnonymous or MemoryObjectKind.SystemV => "",
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
            return link.StartsWith(MemFdPrefix) ? MemoryObjectKind.MemFd
                : link.StartsWith(SystemVPrefix) ? MemoryObjectKind.SystemV
                : MemoryObjectKind.SharedAnonymous;
        }

        // A file that never had a name goes by its inode's number.
        string unnamed = string.Create(CultureInfo.InvariantCulture, $"/#{status.Inode}");
        return Stem(link).EndsWith(unnamed) ? MemoryObjectKind.NamelessFile : MemoryObjectKind.DeletedFile;
    }

    private UnsupportedKind? Refused(string link, FileStatus status, string path)
    {
        bool kept = link.StartsWith(MemFdPrefix) || link.StartsWith("/dev/zero") || link.StartsWith(SystemVPrefix);
        return status.Device == _kernelMemory && kept ? null
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
