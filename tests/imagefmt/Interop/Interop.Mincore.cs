using System.Runtime.InteropServices;

namespace LazyRestore.ImageFormat.Tests;

internal static partial class Interop
{
    // Returns -1 with errno set on failure.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mincore(nint addr, nuint length, [Out] byte[] vec);
}
