using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int NETLINK_NETFILTER = 12;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_NOSIGNAL = 0x4000;

    // tcp(7): bytes to be read, and bytes that are not acknowledged.
    internal const nuint SIOCINQ = 0x541B;
    internal const nuint SIOCOUTQ = 0x5411;

    internal const int EAGAIN = 11;
    internal const int ENOENT = 2;

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    // The bytes sent, -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint send(int fd, void* buffer, nuint length, int flags);

    // The bytes received, -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint recv(int fd, void* buffer, nuint length, int flags);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int getsockopt(int fd, int level, int name, void* value, uint* length);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_int(int fd, nuint request, int* value);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int shutdown(int fd, int how);
}
