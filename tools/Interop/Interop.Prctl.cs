using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static partial class Libc
    {
        internal const int PR_SET_MM = 35;
        internal const nuint PR_SET_MM_MAP_SIZE = 15;

        // -1 and errno on failure.
        [LibraryImport(Library, SetLastError = true)]
        internal static partial int prctl(int option, nuint a1, nuint a2, nuint a3, nuint a4);
    }
}
