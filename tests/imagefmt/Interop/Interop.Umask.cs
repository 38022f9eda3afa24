using System.Runtime.InteropServices;

namespace LazyRestore.ImageFormat.Tests;

internal static partial class Interop
{
    // Always succeeds; returns the mask that was set before.
    [LibraryImport("libc")]
    internal static partial uint umask(uint mask);
}
