using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    /// <summary>flock(2): -1 with errno EWOULDBLOCK when another open description holds the lock.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);
}
