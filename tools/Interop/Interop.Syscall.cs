using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal const long SYS_semctl = 66;
    internal const long SYS_msgrcv = 70;
    internal const long SYS_msgctl = 71;
    internal const long SYS_fstatfs = 138;
    internal const long SYS_sched_getaffinity = 204;
    internal const long SYS_ioprio_get = 252;
    internal const long SYS_get_robust_list = 274;
    internal const long SYS_open_by_handle_at = 304;
    internal const long SYS_kcmp = 312;
    internal const long SYS_sched_getattr = 315;
    internal const long SYS_memfd_create = 319;
    internal const long SYS_pidfd_open = 434;
    internal const long SYS_pidfd_getfd = 438;

    // -1 with errno on failure, like every libc wrapper.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial long syscall(long number, nint a0 = 0, nint a1 = 0, nint a2 = 0, nint a3 = 0, nint a4 = 0, nint a5 = 0);
}
