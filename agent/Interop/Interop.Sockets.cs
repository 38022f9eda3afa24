using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>socket(7): where MSG_PEEK looks next, in bytes; datagrams are skipped as a whole.</summary>
    internal const int SO_PEEK_OFF = 42;

    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>cmsg(3), followed by the data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct cmsghdr
    {
        internal nuint cmsg_len;
        internal int cmsg_level;
        internal int cmsg_type;
    }
}
