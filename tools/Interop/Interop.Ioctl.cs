using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static unsafe partial class Libc
    {
        internal const string Library = "libc";

        internal const nuint TIOCGWINSZ = 0x5413;

        [StructLayout(LayoutKind.Sequential)]
        internal struct @winsize
        {
            internal ushort ws_row;
            internal ushort ws_col;
            internal ushort ws_xpixel;
            internal ushort ws_ypixel;
        }

        // -1 and errno on failure.
        [LibraryImport(Library, SetLastError = true)]
        internal static partial int ioctl(int fd, nuint request, void* argument);
    }
}
