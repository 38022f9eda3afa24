using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    /// <summary>_IOWR('f', 16, struct pm_scan_arg).</summary>
    internal const nuint PAGEMAP_SCAN = 0xC0606610;

    internal const ulong PAGE_IS_FILE = 1 << 2;
    internal const ulong PAGE_IS_PRESENT = 1 << 3;
    internal const ulong PAGE_IS_SWAPPED = 1 << 4;
    internal const ulong PAGE_IS_PFNZERO = 1 << 5;
    internal const ulong PAGE_IS_GUARD = 1 << 8;

    internal const ulong PM_PRESENT = 1UL << 63;
    internal const ulong PM_SWAP = 1UL << 62;
    internal const ulong PM_FILE = 1UL << 61;
    internal const ulong PM_GUARD_REGION = 1UL << 58;

    [StructLayout(LayoutKind.Sequential)]
    internal struct page_region
    {
        public ulong start;
        public ulong end;
        public ulong categories;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct pm_scan_arg
    {
        public ulong size;
        public ulong flags;
        public ulong start;
        public ulong end;
        public ulong walk_end;
        public ulong vec;
        public ulong vec_len;
        public ulong max_pages;
        public ulong category_inverted;
        public ulong category_mask;
        public ulong category_anyof_mask;
        public ulong return_mask;
    }

    // The number of regions, -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_pagemap_scan(int fd, nuint request, pm_scan_arg* argument);
}
