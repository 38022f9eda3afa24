using System.Globalization;
using System.Runtime.InteropServices;
using LazyRestore.Tools.Dump.Proc;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Finds the path of a file of which only the file system and a handle are known, open_by_handle_at(2).</summary>
internal static unsafe class HandlePaths
{
    private const int LargestHandle = 128;

    /// <summary>A path that leads to the file; null when none can be found.</summary>
    /// <param name="device">The file system, as the kernel numbers devices internally: 20 bits of minor number.</param>
    /// <param name="inode">The inode.</param>
    /// <param name="handleType">The handle's type.</param>
    /// <param name="handle">The handle.</param>
    public static string? Find(uint device, ulong inode, int handleType, ReadOnlySpan<byte> handle)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"{device >> 20}:{device & 0xfffff}");
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            // 26 1 254:0 / / rw,relatime - ext4 /dev/vda rw
            string[] words = line.Split(' ');
            if (words[2] == wanted && PathBeneath(Unescaped(words[4]), handleType, handle) is { } path
                && FileStatus.Find(path) is { } status && status.Inode == inode)
            {
                return path;
            }
        }

        return null;
    }

    private static string? PathBeneath(string mount, int handleType, ReadOnlySpan<byte> handle)
    {
        if (handle.Length is 0 or > LargestHandle)
        {
            return null;
        }

        // The kernel does not take one that was opened with O_PATH.
        long mountFd = Interop.open(mount, Interop.O_DIRECTORY | Interop.O_CLOEXEC);
        if (mountFd < 0)
        {
            return null;
        }

        using SafeFileHandle held = new((nint)mountFd, ownsHandle: true);
        byte* structure = stackalloc byte[8 + LargestHandle];
        *(uint*)structure = (uint)handle.Length;
        *(int*)(structure + 4) = handleType;
        handle.CopyTo(new Span<byte>(structure + 8, LargestHandle));
        long file = Interop.syscall(Interop.SYS_open_by_handle_at, (nint)mountFd, (nint)structure, Interop.O_PATH | Interop.O_CLOEXEC);
        if (file < 0)
        {
            return null;
        }

        using SafeFileHandle opened = new((nint)file, ownsHandle: true);
        return new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file}")).LinkTarget;
    }

    // Blanks and the like are written as octal numbers.
    private static string Unescaped(string path) =>
        path.Replace("\\040", " ").Replace("\\011", "\t").Replace("\\012", "\n").Replace("\\134", "\\");
}
