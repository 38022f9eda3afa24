using System.Text;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent;

/// <summary>Folders whose content can be relied on, because nobody else writes there.</summary>
internal static unsafe class PrivateFolder
{
    private const uint TypeMask = 0xF000;
    private const uint Folder = 0x4000;
    private const uint OthersMayWrite = 0x12;

    /// <summary>Whether a path is that of a folder, not a link to one, that is ours, and that others may not write to.</summary>
    internal static bool Is(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            Tmds.Linux.stat status;
            return lstat(name, &status) == 0 && ((uint)status.st_mode & TypeMask) == Folder && ((uint)status.st_mode & OthersMayWrite) == 0
                && (uint)status.st_uid == (uint)geteuid();
        }
    }
}
