using LazyRestore.Agent.Costs;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Plan;

/// <summary>What a mover is good for in a restore.</summary>
/// <param name="Movable">The VMAs to which it moves whole extents; empty when it is better not to have one.</param>
/// <param name="InHugePages">Whether it moves them in huge pages.</param>
internal sealed record MoverChoice(IReadOnlyCollection<VmaRecord> Movable, bool InHugePages)
{
    /// <summary>No mover.</summary>
    internal static MoverChoice None { get; } = new([], InHugePages: false);

    /// <summary>Whether there is to be a mover.</summary>
    internal bool IsWanted => Movable.Count > 0;

    /// <summary>Chooses by what the process had, what the user wants and what the host does.</summary>
    /// <param name="process">The process.</param>
    /// <param name="lazy">Its lazy memory.</param>
    /// <param name="extents">The image's extents of it.</param>
    /// <param name="options">What the user wants.</param>
    /// <param name="host">What the host does.</param>
    /// <param name="findCosts">Finds what placing pages costs here; null when that is not known. Asked only where it decides.</param>
    internal static MoverChoice Make(
        ProcessRecord process, IEnumerable<VmaRecord> lazy, ArraySegment<ExtentEntry> extents, RestoreOptions options, HostHugePages host,
        Func<PlacementCosts?> findCosts)
    {
        bool inHugePages = options.HugePages != HugePagePolicy.Never && host != HostHugePages.Never && !process.HugePagesDisabled;
        if (options.Placement == PlacementPolicy.Copy || (options.Placement == PlacementPolicy.Auto && !inHugePages && findCosts()?.Choose().MovesSmallPages != true))
        {
            return None;
        }

        bool all = !inHugePages || options.Placement == PlacementPolicy.Move || options.HugePages == HugePagePolicy.Always || host == HostHugePages.Always;
        VmaRecord[] movable =
        [
            .. lazy.Where(vma => IsMovable(vma)
                && (all || vma.HadHugePages || vma.Flags.HasFlag(VmaFlags.HugePage))
                && !(inHugePages && vma.Flags.HasFlag(VmaFlags.NoHugePage))
                && HoldsDenseExtent(extents, vma)),
        ];
        return new MoverChoice(movable, inHugePages);
    }

    // The kernel wants the same protection as the mover's own memory has, and neither locked; it does not move into a stack.
    private static bool IsMovable(VmaRecord vma) =>
        vma.Protection == (VmaProtection.Read | VmaProtection.Write)
        && (vma.Flags & (VmaFlags.Locked | VmaFlags.LockOnFault | VmaFlags.GrowsDown)) == 0;

    private static bool HoldsDenseExtent(ArraySegment<ExtentEntry> extents, VmaRecord vma)
    {
        foreach (ExtentEntry extent in extents)
        {
            ulong address = extent.Address.Address;
            if (address >= vma.Start && address + ImageLayout.ExtentSpan <= vma.End && extent.PresentPages == ImageLayout.PagesPerExtent)
            {
                return true;
            }
        }

        return false;
    }
}
