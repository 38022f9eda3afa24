using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const int WNOHANG = 1;
    internal const int __WNOTHREAD = 0x20000000;
    internal const int __WALL = 0x40000000;

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int wait4(int pid, int* status, int options, void* rusage);
}
