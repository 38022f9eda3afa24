using System.Runtime.InteropServices;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using Tmds.Linux;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>What stat(2) tells of a file.</summary>
public readonly record struct FileStatus(
    ulong Device, ulong Inode, uint Mode, ulong Links, long Size, long ModifiedNanoseconds, ulong SpecialDevice)
{
    /// <summary>The file's type, S_IFMT.</summary>
    public uint Type => Mode & Interop.S_IFMT;

    /// <summary>What tells the file from others, without a build ID.</summary>
    public FileIdentity Identity => new()
    {
        Size = Size,
        ModifiedNanoseconds = ModifiedNanoseconds,
        Mode = Mode,
        BuildId = ReadOnlyMemory<byte>.Empty,
    };

    /// <summary>Whether both are one file.</summary>
    public bool IsSameFile(FileStatus other) => Device == other.Device && Inode == other.Inode;

    /// <summary>The status of a path, following links.</summary>
    /// <exception cref="NativeException">stat(2) failed.</exception>
    public static FileStatus Of(string path) =>
        Find(path) ?? throw new NativeException("stat", Marshal.GetLastPInvokeError(), path);

    /// <summary>The status of a path; null when it cannot be had.</summary>
    public static FileStatus? Find(string path) => Find(path, follow: true);

    /// <summary>The status of a path, or of the link that it is; null when it cannot be had.</summary>
    public static FileStatus? FindLink(string path) => Find(path, follow: false);

    /// <summary>The user and group that a path belongs to.</summary>
    /// <exception cref="NativeException">stat(2) failed.</exception>
    public static (uint User, uint Group) OwnerOf(string path) => Ask(path, follow: true, out stat status)
        ? ((uint)status.st_uid, (uint)status.st_gid)
        : throw new NativeException("stat", Marshal.GetLastPInvokeError(), path);

    private static unsafe bool Ask(string path, bool follow, out stat status)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(path + '\0'))
        fixed (stat* start = &status)
        {
            return (follow ? LibC.stat(bytes, start) : LibC.lstat(bytes, start)) == 0;
        }
    }

    private static FileStatus? Find(string path, bool follow) => !Ask(path, follow, out stat status)
        ? null
        : new FileStatus(
            (ulong)status.st_dev,
            (ulong)status.st_ino,
            (uint)status.st_mode,
            (ulong)status.st_nlink,
            (long)status.st_size,
            ((long)status.st_mtim.tv_sec * 1_000_000_000) + (long)status.st_mtim.tv_nsec,
            (ulong)status.st_rdev);
}
