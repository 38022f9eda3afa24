using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static partial class Libc
    {
        internal const int EEXIST = 17;

        internal const nint SYS_arch_prctl = 158;
        internal const nint SYS_userfaultfd = 323;
        internal const nint SYS_pidfd_open = 434;
        internal const nint SYS_pidfd_getfd = 438;

        internal const nuint ARCH_MAP_VDSO_64 = 0x2003;
        internal const nuint O_CLOEXEC = 0x80000;

        // -1 and errno on failure.
        [LibraryImport(Library, SetLastError = true)]
        internal static partial nint syscall(nint number, nuint a0, nuint a1, nuint a2, nuint a3, nuint a4, nuint a5);
    }
}
