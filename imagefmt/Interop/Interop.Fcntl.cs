using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

internal static partial class Interop
{
    internal const int F_SETFL = 4;
    internal const int O_DIRECT = 0x4000;

    // Returns -1 with errno set on failure.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(SafeFileHandle fd, int cmd, int arg);
}
