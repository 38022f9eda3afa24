using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static partial class Libc
    {
        internal const ulong UFFD_API = 0xAA;
        internal const nuint UFFDIO_API = 0xC018AA3F;
        internal const nuint USERFAULTFD_IOC_NEW = 0xAA00;

        [StructLayout(LayoutKind.Sequential)]
        internal struct uffdio_api
        {
            internal ulong api;
            internal ulong features;
            internal ulong ioctls;
        }
    }
}
