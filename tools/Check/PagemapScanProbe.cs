using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Check;

/// <summary>Whether the kernel can list pages that hold data in one call, PAGEMAP_SCAN.</summary>
internal static class PagemapScanProbe
{
    /// <summary>Looks: scans a page of this process.</summary>
    public static unsafe Finding Examine()
    {
        using SafeFileHandle pagemap = File.OpenHandle("/proc/self/pagemap");
        ulong onStack = 0;
        ulong page = (ulong)&onStack & ~0xfffUL;
        Interop.page_region region = default;
        Interop.pm_scan_arg scan = new()
        {
            size = (ulong)sizeof(Interop.pm_scan_arg),
            start = page,
            end = page + 4096,
            vec = (ulong)&region,
            vec_len = 1,
            category_anyof_mask = Interop.PAGE_IS_PRESENT,
            return_mask = Interop.PAGE_IS_PRESENT,
        };
        return Interop.ioctl_pagemap_scan((int)pagemap.DangerousGetHandle(), Interop.PAGEMAP_SCAN, &scan) >= 0
            ? Finding.Ok("PAGEMAP_SCAN")
            : Finding.Limited(
                $"ioctl(PAGEMAP_SCAN): {Marshal.GetLastPInvokeErrorMessage()}",
                "Dumps read /proc/PID/pagemap instead, which is slower; Linux 6.7 has it.");
    }
}
