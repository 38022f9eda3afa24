using System.Collections.Immutable;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Costs;

/// <summary>What placing pages costs on a machine, and what follows from that.</summary>
/// <param name="All">What was measured, in any order.</param>
public sealed record PlacementCosts(ImmutableArray<PlacementCost> All)
{
    // A larger batch keeps faults waiting; this much of the cost is not worth that.
    private const double BatchTolerance = 1.125;

    /// <summary>The numbers of other running threads that were tried, fewest first.</summary>
    public ImmutableArray<int> ThreadCounts => [.. All.Select(static cost => cost.OtherThreads).Distinct().Order()];

    /// <summary>The cost of 4 KiB in nanoseconds; null when it was not measured.</summary>
    public double? Of(PlacementKind kind, bool inHugePages, int batchPages, int otherThreads)
    {
        foreach (PlacementCost cost in All)
        {
            if (cost.Kind == kind && cost.InHugePages == inHugePages && cost.BatchPages == batchPages && cost.OtherThreads == otherThreads)
            {
                return cost.Nanoseconds;
            }
        }

        return null;
    }

    /// <summary>From how many pages of 4 KiB a call on it is cheaper to move than to copy, and stays so; null when it never is.</summary>
    /// <param name="kind"><see cref="PlacementKind.Move"/> or <see cref="PlacementKind.FillAndMove"/>.</param>
    /// <param name="otherThreads">How many other threads run.</param>
    public int? Crossover(PlacementKind kind, int otherThreads)
    {
        int? crossover = null;
        foreach (PlacementCost copy in All.Where(cost => cost is { Kind: PlacementKind.Copy, InHugePages: false } && cost.OtherThreads == otherThreads)
            .OrderByDescending(static cost => cost.BatchPages))
        {
            if (!(Of(kind, inHugePages: false, copy.BatchPages, otherThreads) < copy.Nanoseconds))
            {
                break;
            }

            crossover = copy.BatchPages;
        }

        return crossover;
    }

    /// <summary>
    /// What is best by these costs for pages that come from elsewhere and go into a process whose threads run: such pages have to be filled
    /// before they can be moved.
    /// </summary>
    public PlacementChoice Choose()
    {
        int threads = ThreadCounts is [.., int most] ? most : 0;
        PlacementCost[] copies =
            [.. All.Where(cost => cost is { Kind: PlacementKind.Copy, InHugePages: false } && cost.OtherThreads == threads).OrderBy(static cost => cost.BatchPages)];
        double? copy = copies.Length == 0 ? null : copies.Min(static cost => cost.Nanoseconds);
        return new PlacementChoice(
            MovesHugePages: Of(PlacementKind.FillAndMove, inHugePages: true, ImageLayout.PagesPerExtent, threads) < copy,
            MovesSmallPages: Of(PlacementKind.FillAndMove, inHugePages: false, ImageLayout.PagesPerExtent, threads) < copy,
            BatchPages: copies.FirstOrDefault(cost => cost.Nanoseconds <= copy * BatchTolerance).BatchPages);
    }
}
