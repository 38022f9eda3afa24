using System.Runtime.InteropServices;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The memory objects of a checkpoint that are files: memfds, deleted files, and anonymous shared memory that is mapped more
/// than once. We make and fill them; the process opens them through our /proc/PID/fd.
/// </summary>
internal sealed unsafe class MemoryObjects : IDisposable
{
    private const int AllowSealing = 2;
    private const int CloseOnExec = 1;
    private const int AddSealsCommand = 1033; // F_ADD_SEALS
    private const int SealSeal = 1;
    private const int FutureWriteSeal = 0x10;
    private readonly Dictionary<int, SafeFileHandle> _files = [];
    private readonly List<(SafeFileHandle File, string Name, int Seals)> _lateSeals = [];

    private MemoryObjects(SharedSelection shared) => Shared = shared;

    /// <summary>Those whose pages come lazily.</summary>
    internal SharedSelection Shared { get; }

    /// <summary>Paths through which another process can open each object that is a file.</summary>
    internal IReadOnlyDictionary<int, string> Paths =>
        _files.ToDictionary(file => file.Key, file => $"/proc/{Environment.ProcessId}/fd/{file.Value.DangerousGetHandle()}");

    /// <summary>Makes the objects, and fills those that are not to come lazily.</summary>
    internal static MemoryObjects Create(CheckpointImage image, SharedSelection shared)
    {
        var objects = new MemoryObjects(shared);
        try
        {
            foreach (MemoryObjectRecord record in image.Checkpoint.Objects)
            {
                if (record.Kind != MemoryObjectKind.SystemV && !IsMappedWhole(record, image.Checkpoint))
                {
                    objects.Add(image, record, shared.IsLazy(record.Id));
                }
            }

            return objects;
        }
        catch
        {
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Adds the seals that forbid new mappings, once all are there.</summary>
    internal void SealMapped() => _lateSeals.ForEach(late => AddSeals(late.File, late.Name, late.Seals));

    /// <summary>Whether anonymous shared memory is one VMA of one process, so that mapping it anew makes it.</summary>
    internal static bool IsMappedWhole(MemoryObjectRecord record, Checkpoint checkpoint)
    {
        VmaRecord[] vmas = [.. checkpoint.Processes.SelectMany(one => one.Vmas).Where(vma => vma.Kind is VmaKind.Object or VmaKind.PrivateObject && vma.BackingId == record.Id)];
        return record.Kind == MemoryObjectKind.SharedAnonymous
            && vmas is [{ Kind: VmaKind.Object, Offset: 0 } only] && only.Length >= (ulong)record.Size;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeFileHandle file in _files.Values)
        {
            file.Dispose();
        }
    }

    private void Add(CheckpointImage image, MemoryObjectRecord record, bool isLazy)
    {
        SafeFileHandle file = record.Kind switch
        {
            MemoryObjectKind.DeletedFile => CreateDeleted(record),
            MemoryObjectKind.NamelessFile => CreateNameless(record),
            _ => CreateMemFd(record),
        };
        _files.Add(record.Id, file);
        RandomAccess.SetLength(file, record.Size);
        if (!isLazy)
        {
            ObjectPages.Copy(image, record.Id, (offset, pages) =>
                RandomAccess.Write(file, pages[..(int)Math.Min(pages.Length, record.Size - offset)], offset));
        }

        File.SetUnixFileMode(file, (UnixFileMode)(record.Mode & 0xfff));
        int late = IsMappedForWriting(record, image.Checkpoint) ? record.Seals & (FutureWriteSeal | SealSeal) : 0;
        AddSeals(file, record.Name, record.Seals & ~late);
        if (late != 0)
        {
            _lateSeals.Add((file, record.Name, late));
        }
    }

    // Mappings that were there before such a seal may still be written to; later ones may not.
    private static bool IsMappedForWriting(MemoryObjectRecord record, Checkpoint checkpoint) => (record.Seals & FutureWriteSeal) != 0
        && checkpoint.Processes.SelectMany(one => one.Vmas).Any(
            vma => vma.Kind == VmaKind.Object && vma.BackingId == record.Id && vma.Protection.HasFlag(VmaProtection.Write));

    private static void AddSeals(SafeFileHandle file, string name, int seals)
    {
        if (seals != 0 && Interop.syscall((long)SystemCall.fcntl, file.DangerousGetHandle(), AddSealsCommand, seals) < 0)
        {
            throw new NativeException("fcntl(F_ADD_SEALS)", Marshal.GetLastPInvokeError(), $"of memfd {name}");
        }
    }

    private static SafeFileHandle CreateMemFd(MemoryObjectRecord record)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(record.Name + "\0"))
        {
            long descriptor = Interop.syscall((long)SystemCall.memfd_create, (nint)name, CloseOnExec | AllowSealing);
            return descriptor < 0
                ? throw new NativeException("memfd_create", Marshal.GetLastPInvokeError(), record.Name)
                : new SafeFileHandle((nint)descriptor, ownsHandle: true);
        }
    }

    private static SafeFileHandle CreateDeleted(MemoryObjectRecord record)
    {
        string path = Path.Combine(FolderOf(record), $".lazyrestore-{Guid.NewGuid():n}");
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        return file;
    }

    // Unlike one that was deleted it can be given a name, linkat(2).
    private static SafeFileHandle CreateNameless(MemoryObjectRecord record)
    {
        const int AtFdCwd = -100;
        string folder = FolderOf(record);
        fixed (byte* path = Encoding.UTF8.GetBytes(folder + "\0"))
        {
            long descriptor = Interop.syscall((long)SystemCall.openat, AtFdCwd, (nint)path, Interop.O_TMPFILE | Interop.O_RDWR | Interop.O_CLOEXEC, 0x180);
            return descriptor < 0
                ? throw new NativeException("open(O_TMPFILE)", Marshal.GetLastPInvokeError(), folder)
                : new SafeFileHandle((nint)descriptor, ownsHandle: true);
        }
    }

    private static string FolderOf(MemoryObjectRecord record) =>
        Path.GetDirectoryName(record.Name) is { Length: > 0 } parent && Directory.Exists(parent) ? parent : Path.GetTempPath();
}
