namespace LazyRestore.Tools.Dump.Proc;

/// <summary>Which kind of file system a file lies in, statfs(2).</summary>
internal static unsafe class FileSystem
{
    /// <summary>HUGETLBFS_MAGIC.</summary>
    public const long HugePages = 0x958458f6;

    /// <summary>MQUEUE_MAGIC.</summary>
    public const long MessageQueues = 0x19800202;

    /// <summary>PROC_SUPER_MAGIC.</summary>
    public const long Proc = 0x9fa0;

    /// <summary>The file system's magic number; 0 when it cannot be had.</summary>
    public static long Of(int descriptor)
    {
        long* statfs = stackalloc long[32];
        return Interop.syscall(Interop.SYS_fstatfs, descriptor, (nint)statfs) == 0 ? statfs[0] : 0;
    }
}
