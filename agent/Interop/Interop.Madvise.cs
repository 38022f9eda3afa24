namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>madvise(2): fault the range in for reading; EFAULT where an access would raise SIGBUS.</summary>
    internal const int MADV_POPULATE_READ = 22;
}
