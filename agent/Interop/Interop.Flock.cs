using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    /// <summary>fcntl(2): waits for a lock that belongs to the open file description.</summary>
    internal const int F_OFD_SETLKW = 38;
    internal const short F_WRLCK = 1;

    /// <summary>struct flock of fcntl(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct RecordLock
    {
        internal short l_type;
        internal short l_whence;
        internal long l_start;
        internal long l_len;
        internal int l_pid;
    }

    /// <summary>flock(2): -1 with errno EWOULDBLOCK when another open description holds the lock.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, RecordLock* lockRecord);
}
