using System.Runtime.InteropServices;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The memory objects of a checkpoint that are files: memfds, deleted files, and anonymous shared memory that is mapped in several
/// pieces. We make and fill them; the process opens them through our /proc/PID/fd.
/// </summary>
internal sealed unsafe class MemoryObjects : IDisposable
{
    private const int AllowSealing = 2;
    private const int CloseOnExec = 1;
    private const int AddSeals = 1033; // F_ADD_SEALS
    private readonly Dictionary<int, SafeFileHandle> _files = [];

    private MemoryObjects()
    {
    }

    /// <summary>Paths through which another process can open each object that is a file.</summary>
    internal IReadOnlyDictionary<int, string> Paths =>
        _files.ToDictionary(file => file.Key, file => $"/proc/{Environment.ProcessId}/fd/{file.Value.DangerousGetHandle()}");

    /// <summary>Makes and fills the objects.</summary>
    internal static MemoryObjects Create(CheckpointImage image)
    {
        var objects = new MemoryObjects();
        try
        {
            foreach (MemoryObjectRecord record in image.Checkpoint.Objects)
            {
                if (!IsMappedWhole(record, image.Checkpoint))
                {
                    objects.Add(image, record);
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

    /// <summary>Whether anonymous shared memory is one VMA, so that mapping it anew makes it.</summary>
    internal static bool IsMappedWhole(MemoryObjectRecord record, Checkpoint checkpoint)
    {
        VmaRecord[] vmas = [.. checkpoint.Vmas.Where(vma => vma.Kind is VmaKind.Object or VmaKind.PrivateObject && vma.BackingId == record.Id)];
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

    private void Add(CheckpointImage image, MemoryObjectRecord record)
    {
        SafeFileHandle file = record.Kind == MemoryObjectKind.DeletedFile ? CreateNameless(record) : CreateMemFd(record);
        _files.Add(record.Id, file);
        RandomAccess.SetLength(file, record.Size);
        ObjectPages.Copy(image, record.Id, (offset, pages) =>
            RandomAccess.Write(file, pages[..(int)Math.Min(pages.Length, record.Size - offset)], offset));
        File.SetUnixFileMode(file, (UnixFileMode)(record.Mode & 0xfff));
        if (record.Seals != 0 && Interop.syscall((long)SystemCall.fcntl, file.DangerousGetHandle(), AddSeals, record.Seals) < 0)
        {
            throw new NativeException("fcntl(F_ADD_SEALS)", Marshal.GetLastPInvokeError(), $"of memfd {record.Name}");
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

    private static SafeFileHandle CreateNameless(MemoryObjectRecord record)
    {
        string folder = Path.GetDirectoryName(record.Name) is { Length: > 0 } parent && Directory.Exists(parent) ? parent : Path.GetTempPath();
        string path = Path.Combine(folder, $".lazyrestore-{Guid.NewGuid():n}");
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        return file;
    }
}
