using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Snapshots;

/// <summary>
/// Private memory that fork(2) leaves behind: areas with MADV_DONTFORK are not in the copy at all, those with MADV_WIPEONFORK are empty
/// there. Which ones have that advice only /proc/PID/smaps tells, by a walk over every page; here a look at the first page does.
/// </summary>
internal sealed class LeftBehind
{
    private readonly List<PageRange> _ranges = [];

    private LeftBehind()
    {
    }

    /// <summary>Pages that hold data in the process and are not in its copy, in ascending order.</summary>
    public IReadOnlyList<PageRange> Ranges => _ranges;

    /// <summary>Whether areas are missing in the copy.</summary>
    public bool WholeAreas { get; private set; }

    /// <summary>Compares the process with its copy, while it is frozen.</summary>
    /// <param name="original">The process.</param>
    /// <param name="copy">Its copy.</param>
    /// <param name="areas">The areas of the process by their first address.</param>
    /// <param name="vmas">The VMAs of the image.</param>
    /// <param name="refusals">Guard pages are refused here.</param>
    public static LeftBehind Find(
        ProcDirectory original, ProcDirectory copy, IReadOnlyDictionary<ulong, MemoryArea> areas, IReadOnlyList<VmaRecord> vmas, Refusals refusals)
    {
        HashSet<ulong> copied = [.. SmapsText.Parse(copy.Text("maps")).Select(area => area.Start)];
        LeftBehind found = new();
        using PagemapScanner ofOriginal = new(original.Pid);
        using PagemapScanner ofCopy = new(copy.Pid);
        List<VmaRecord> behind = [];
        foreach (VmaRecord vma in vmas)
        {
            if (!copied.Contains(vma.Start))
            {
                found.WholeAreas = true;
                behind.Add(vma);
            }
            else if (vma.Kind == VmaKind.Anonymous && !ofCopy.HoldsData(vma.Start, vma.End))
            {
                behind.Add(vma);
            }
        }

        found._ranges.AddRange(MemoryCollector.FindPages(ofOriginal, areas, behind, refusals));
        return found;
    }
}
