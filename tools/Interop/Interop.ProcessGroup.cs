using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal const int F_SETFD = 2;
    internal const int FD_CLOEXEC = 1;

    // -1 with errno on failure; PID 0 is the caller.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int getpgid(int pid);

    // The new session's number, -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int setsid();

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int dup2(int from, int to);
}
