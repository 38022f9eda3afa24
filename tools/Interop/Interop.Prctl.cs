using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal const int PR_SET_MM = 35;
    internal const nuint PR_SET_MM_MAP_SIZE = 15;

    internal const long SYS_arch_prctl = 158;
    internal const nint ARCH_MAP_VDSO_64 = 0x2003;

    internal const int EEXIST = 17;

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int prctl(int option, nuint a1, nuint a2, nuint a3, nuint a4);
}
