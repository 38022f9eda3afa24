using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const nuint TIOCGWINSZ = 0x5413;
    internal const nuint TIOCGDEV = 0x80045432;
    internal const short POLLOUT = 4;
    internal const short POLLERR = 8;

    [StructLayout(LayoutKind.Sequential)]
    internal struct @winsize
    {
        public ushort ws_row;
        public ushort ws_col;
        public ushort ws_xpixel;
        public ushort ws_ypixel;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct @pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_winsize(int fd, nuint request, winsize* argument);

    // 1 for a terminal, 0 for everything else.
    [LibraryImport(Libc)]
    internal static partial int isatty(int fd);

    // The bytes written, which may be fewer than asked; -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    // The number of descriptors that are ready, -1 with errno on failure; a timeout of -1 waits for ever.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int poll(pollfd* descriptors, nuint count, int milliseconds);
}
