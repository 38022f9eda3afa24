using System.Runtime.InteropServices;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>ioctl(2) PAGEMAP_SCAN on /proc/PID/pagemap, Linux 6.7 (Documentation/admin-guide/mm/pagemap.rst).</summary>
    internal static class Pagemap
    {
        /// <summary>_IOWR('f', 16, struct pm_scan_arg).</summary>
        internal const uint PAGEMAP_SCAN = 0xC0606610;

        internal const ulong PAGE_IS_HUGE = 1 << 6;

        [StructLayout(LayoutKind.Sequential)]
        internal struct page_region
        {
            internal ulong start;
            internal ulong end;
            internal ulong categories;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct pm_scan_arg
        {
            internal ulong size;
            internal ulong flags;
            internal ulong start;
            internal ulong end;
            internal ulong walk_end;
            internal ulong vec;
            internal ulong vec_len;
            internal ulong max_pages;
            internal ulong category_inverted;
            internal ulong category_mask;
            internal ulong category_anyof_mask;
            internal ulong return_mask;
        }
    }
}
