using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>The files that VMAs map, each once.</summary>
public sealed class MappedFileTable
{
    private readonly Dictionary<(ulong Device, ulong Inode), int> _indices = [];
    private readonly List<MappedFileRecord> _files = [];

    /// <summary>The files by number.</summary>
    public IReadOnlyList<MappedFileRecord> Files => _files;

    /// <summary>The number of a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="status">Its status.</param>
    /// <param name="writable">Whether this mapping needs it open for writing.</param>
    public int IdOf(string path, FileStatus status, bool writable)
    {
        if (!_indices.TryGetValue((status.Device, status.Inode), out int index))
        {
            index = _files.Count;
            _indices.Add((status.Device, status.Inode), index);
            _files.Add(new MappedFileRecord
            {
                Id = index + 1,
                Path = path,
                Identity = status.Identity with { BuildId = ReadBuildId(path) },
                Writable = writable,
            });
        }
        else if (writable)
        {
            _files[index] = _files[index] with { Writable = true };
        }

        return index + 1;
    }

    private static byte[] ReadBuildId(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return ElfBuildId.Read(file);
    }
}
