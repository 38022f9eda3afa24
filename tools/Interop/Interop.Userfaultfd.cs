using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const long SYS_userfaultfd = 323;

    internal const ulong UFFD_API = 0xAA;
    internal const nuint UFFDIO_API = 0xC018AA3F;
    internal const nuint USERFAULTFD_IOC_NEW = 0xAA00;

    [StructLayout(LayoutKind.Sequential)]
    internal struct uffdio_api
    {
        public ulong api;
        public ulong features;
        public ulong ioctls;
    }

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_uffdio_api(int fd, nuint request, uffdio_api* argument);

    // The new descriptor, -1 with errno on failure; the argument is the flags themselves.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_userfaultfd_new(int fd, nuint request, nuint flags);
}
