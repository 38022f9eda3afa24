using static LazyRestore.Agent.Interop.Pagemap;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Costs;

/// <summary>Tells whether memory of this process is in huge pages.</summary>
internal static unsafe class HugePageScan
{
    /// <summary>Whether all of a range is; false also when the kernel cannot tell.</summary>
    internal static bool IsHuge(ulong start, ulong length)
    {
        fixed (byte* path = "/proc/self/pagemap\0"u8)
        {
            int pagemap = open(path, O_RDONLY | O_CLOEXEC);
            if (pagemap < 0)
            {
                return false;
            }

            page_region found = default;
            pm_scan_arg request = new()
            {
                size = (ulong)sizeof(pm_scan_arg),
                start = start,
                end = start + length,
                vec = (ulong)&found,
                vec_len = 1,
                category_mask = PAGE_IS_HUGE,
                return_mask = PAGE_IS_HUGE,
            };
            int regions = ioctl(pagemap, unchecked((int)PAGEMAP_SCAN), &request);
            _ = close(pagemap);
            return regions == 1 && found.start == start && found.end == start + length;
        }
    }
}
