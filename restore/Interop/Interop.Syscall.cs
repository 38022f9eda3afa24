using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const string Libc = "libc";

    // -1 with errno on failure, like every libc wrapper.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial long syscall(long number, nint a0 = 0, nint a1 = 0, nint a2 = 0, nint a3 = 0, nint a4 = 0, nint a5 = 0);
}
