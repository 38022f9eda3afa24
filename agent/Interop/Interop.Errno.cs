namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>Error numbers, errno(3).</summary>
    internal static class Errno
    {
        internal const int ENOENT = 2;
        internal const int ESRCH = 3;
        internal const int EINTR = 4;
        internal const int EAGAIN = 11;
        internal const int ENOMEM = 12;
        internal const int EEXIST = 17;
    }
}
