using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

// asm-generic/ioctls.h, asm-generic/termbits.h.
internal static unsafe partial class Interop
{
    internal const nuint TIOCEXCL = 0x540C;
    internal const nuint TIOCSCTTY = 0x540E;
    internal const nuint TIOCGPGRP = 0x540F;
    internal const nuint TIOCSPGRP = 0x5410;
    internal const nuint TIOCSTI = 0x5412;
    internal const nuint TIOCGWINSZ = 0x5413;
    internal const nuint TIOCSWINSZ = 0x5414;
    internal const nuint TCXONC = 0x540A;
    internal const nuint TIOCPKT = 0x5420;
    internal const nuint TIOCNOTTY = 0x5422;
    internal const nuint TIOCGETD = 0x5424;
    internal const nuint TCGETS2 = 0x802C542A;
    internal const nuint TCSETS2 = 0x402C542B;
    internal const nuint TIOCGPTN = 0x80045430;
    internal const nuint TIOCSPTLCK = 0x40045431;
    internal const nuint TIOCGPKT = 0x80045438;
    internal const nuint TIOCGPTLCK = 0x80045439;
    internal const nuint TIOCGEXCL = 0x80045440;
    internal const nuint TIOCGPTPEER = 0x5441;

    internal const int O_NOCTTY = 0x100;
    internal const int O_NONBLOCK = 0x800;

    internal const short POLLPRI = 2;
    internal const short POLLOUT = 4;
    internal const short POLLHUP = 0x10;

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    // The bytes read, -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    // The bytes written, which may be fewer than asked; -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);
}
