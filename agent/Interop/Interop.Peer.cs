using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>unix(7): struct ucred of who called connect(2), or listen(2) at the other end.</summary>
    internal const int SO_PEERCRED = 17;

    /// <summary>unix(7): a pidfd of the same process; Linux 6.5. Fails when that is gone.</summary>
    internal const int SO_PEERPIDFD = 77;

    /// <summary>struct ucred of unix(7).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ucred
    {
        internal int pid;
        internal uint uid;
        internal uint gid;
    }

    [LibraryImport("libc")]
    internal static partial uint geteuid();
}
