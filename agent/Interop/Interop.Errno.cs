namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>Error numbers, errno(3).</summary>
    internal static class Errno
    {
        internal const int ENOENT = 2;
        internal const int ESRCH = 3;
        internal const int EINTR = 4;
        internal const int EIO = 5;
        internal const int EAGAIN = 11;
        internal const int ENOMEM = 12;
        internal const int EACCES = 13;
        internal const int EFAULT = 14;
        internal const int EBUSY = 16;
        internal const int EEXIST = 17;
        internal const int EINVAL = 22;
        internal const int ENFILE = 23;
        internal const int EMFILE = 24;
        internal const int ETIMEDOUT = 110;
        internal const int EHOSTDOWN = 112;
        internal const int EHOSTUNREACH = 113;
        internal const int ESTALE = 116;
        internal const int ECANCELED = 125;
    }
}
