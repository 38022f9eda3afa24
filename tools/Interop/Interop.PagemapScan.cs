using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static partial class Libc
    {
        internal const nuint PAGEMAP_SCAN = 0xC0606610;
        internal const ulong PAGE_IS_PRESENT = 1 << 3;

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
