using System.Collections.Immutable;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.Agent.Tuning;

namespace LazyRestore.Agent;

/// <summary>What a <see cref="PageService"/> has done so far; it goes on counting where a former agent stopped.</summary>
public sealed record PageStatistics
{
    /// <summary>Pages of the image that the process and its children still lack.</summary>
    public required long PagesRemaining { get; init; }

    /// <summary>Faults that were read.</summary>
    public required long DemandFaults { get; init; }

    /// <summary>Pages placed by copy, on demand or in the background.</summary>
    public required long CopiedPages { get; init; }

    /// <summary>Pages placed by the mover.</summary>
    public required long MovedPages { get; init; }

    /// <summary>Pages that the mover copied because it could not move them (EBUSY), a part of <see cref="CopiedPages"/>.</summary>
    public required long ForceCopiedPages { get; init; }

    /// <summary>Extents of 2 MiB that the mover placed whole: as a huge page each, where the kernel gave it one.</summary>
    public required long MovedExtents { get; init; }

    /// <summary>Pages of shared memory that were put into it once, for all who map it.</summary>
    public required long ContinuedPages { get; init; }

    /// <summary>Faults answered with a zero page.</summary>
    public required long ZeroPages { get; init; }

    /// <summary>Pages that hydration placed, a part of <see cref="CopiedPages"/> and <see cref="MovedPages"/>.</summary>
    public required long HydratedPages { get; init; }

    /// <summary>Placements that found the page there already (EEXIST).</summary>
    public required long AlreadyPresent { get; init; }

    /// <summary>Placements put off while the address space changed (EAGAIN).</summary>
    public required long Deferred { get; init; }

    /// <summary>Placements for which no mapping was left (ENOENT).</summary>
    public required long Discarded { get; init; }

    /// <summary>Pages that the process threw away before they came.</summary>
    public required long DroppedPages { get; init; }

    /// <summary>Pages that did not match their checksum and were not placed.</summary>
    public required long DamagedPages { get; init; }

    /// <summary>Pages that could not be had and raise SIGBUS instead.</summary>
    public required long PoisonedPages { get; init; }

    /// <summary>fork(2) events.</summary>
    public required long ForkEvents { get; init; }

    /// <summary>mremap(2) events.</summary>
    public required long RemapEvents { get; init; }

    /// <summary>madvise(2) events that dropped pages.</summary>
    public required long RemoveEvents { get; init; }

    /// <summary>munmap(2) events.</summary>
    public required long UnmapEvents { get; init; }

    /// <summary>Faults that have come to an end. Those that a dead agent had read and not served came to none: they were read again.</summary>
    public FaultTable Faults { get; init; }

    /// <summary>Faults that had to wait for their page to arrive.</summary>
    public long AwaitedFaults { get; init; }

    /// <summary>How long they have waited together, those that were served since.</summary>
    public TimeSpan AwaitedTime { get; init; }

    /// <summary>Faults that wait for their page to arrive now.</summary>
    public long WaitingFaults { get; init; }

    /// <summary>How long the first of them has waited.</summary>
    public TimeSpan LongestWait { get; init; }

    /// <summary>What the page sources have brought for this agent, by kind.</summary>
    public ImmutableArray<SourceTraffic> Sources { get; init; } = [];

    /// <summary>How pages were placed and why, by this agent; null when nobody serves.</summary>
    public PlacementReport? Placement { get; init; }

    /// <summary>What of that adds up, of all services together.</summary>
    public PlacementTotals PlacementTotals { get; init; }

    /// <summary>What a service has done that has done nothing.</summary>
    public static PageStatistics Nothing { get; } = new()
    {
        PagesRemaining = 0,
        DemandFaults = 0,
        CopiedPages = 0,
        MovedPages = 0,
        ForceCopiedPages = 0,
        MovedExtents = 0,
        ContinuedPages = 0,
        ZeroPages = 0,
        HydratedPages = 0,
        AlreadyPresent = 0,
        Deferred = 0,
        Discarded = 0,
        DroppedPages = 0,
        DamagedPages = 0,
        PoisonedPages = 0,
        ForkEvents = 0,
        RemapEvents = 0,
        RemoveEvents = 0,
        UnmapEvents = 0,
        ServiceTimes = [.. new long[StateCounter.BucketCount]],
    };

    /// <summary>What several services have done together; how pages were placed is told by the first one.</summary>
    public static PageStatistics Sum(IEnumerable<PageStatistics> services) => services.Aggregate(static (one, other) => new PageStatistics
    {
        PagesRemaining = one.PagesRemaining + other.PagesRemaining,
        DemandFaults = one.DemandFaults + other.DemandFaults,
        CopiedPages = one.CopiedPages + other.CopiedPages,
        MovedPages = one.MovedPages + other.MovedPages,
        ForceCopiedPages = one.ForceCopiedPages + other.ForceCopiedPages,
        MovedExtents = one.MovedExtents + other.MovedExtents,
        ContinuedPages = one.ContinuedPages + other.ContinuedPages,
        ZeroPages = one.ZeroPages + other.ZeroPages,
        HydratedPages = one.HydratedPages + other.HydratedPages,
        AlreadyPresent = one.AlreadyPresent + other.AlreadyPresent,
        Deferred = one.Deferred + other.Deferred,
        Discarded = one.Discarded + other.Discarded,
        DroppedPages = one.DroppedPages + other.DroppedPages,
        DamagedPages = one.DamagedPages + other.DamagedPages,
        PoisonedPages = one.PoisonedPages + other.PoisonedPages,
        ForkEvents = one.ForkEvents + other.ForkEvents,
        RemapEvents = one.RemapEvents + other.RemapEvents,
        RemoveEvents = one.RemoveEvents + other.RemoveEvents,
        UnmapEvents = one.UnmapEvents + other.UnmapEvents,
        Faults = one.Faults + other.Faults,
        AwaitedFaults = one.AwaitedFaults + other.AwaitedFaults,
        AwaitedTime = one.AwaitedTime + other.AwaitedTime,
        WaitingFaults = one.WaitingFaults + other.WaitingFaults,
        LongestWait = one.LongestWait > other.LongestWait ? one.LongestWait : other.LongestWait,
        Sources = [.. one.Sources.Concat(other.Sources).GroupBy(static source => source.Kind)
            .Select(static sources => sources.Aggregate(static (left, right) => left + right))],
        Placement = one.Placement,
        PlacementTotals = one.PlacementTotals + other.PlacementTotals,
        ServiceTime = one.ServiceTime + other.ServiceTime,
        ServiceTimes = [.. one.ServiceTimes.Zip(other.ServiceTimes, static (left, right) => left + right)],
    });

    /// <summary>Times from reading a fault to having served it: bucket N counts those of 2^N to 2^(N+1) - 1 nanoseconds.</summary>
    public required ImmutableArray<long> ServiceTimes { get; init; }

    /// <summary>The sum of these times.</summary>
    public TimeSpan ServiceTime { get; init; }
}
