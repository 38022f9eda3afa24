using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Finds the pages of VMAs that have to be stored.</summary>
public static class MemoryCollector
{
    /// <summary>Pages that hold data, by address.</summary>
    /// <param name="scanner">Looks into the process's page tables.</param>
    /// <param name="areas">The areas by their first address.</param>
    /// <param name="vmas">The VMAs of the image.</param>
    /// <param name="refusals">Guard pages are refused here.</param>
    public static List<PageRange> FindPages(
        PagemapScanner scanner, IReadOnlyDictionary<ulong, MemoryArea> areas, IReadOnlyList<VmaRecord> vmas, Refusals refusals)
    {
        List<PageRange> found = [];
        foreach (VmaRecord vma in vmas)
        {
            bool fileBacked = vma.Kind is VmaKind.PrivateFile or VmaKind.PrivateObject;
            if (vma.Kind != VmaKind.Anonymous && !fileBacked)
            {
                continue;
            }

            // Droppable memory (MAP_DROPPABLE: the state of vDSO random numbers) may turn to zeros at any time, and its user expects
            // that. A copy of it must not come to life twice, so it is left out.
            if (!areas[vma.Start].Has("dp") && scanner.Scan(vma.Start, vma.End, fileBacked, found))
            {
                refusals.Add(areas[vma.Start].ToString(), UnsupportedKind.GuardPages);
            }
        }

        return found;
    }
}
