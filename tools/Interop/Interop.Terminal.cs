using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const nuint TIOCGWINSZ = 0x5413;

    [StructLayout(LayoutKind.Sequential)]
    internal struct @winsize
    {
        public ushort ws_row;
        public ushort ws_col;
        public ushort ws_xpixel;
        public ushort ws_ypixel;
    }

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_winsize(int fd, nuint request, winsize* argument);
}
