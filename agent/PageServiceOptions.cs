using LazyRestore.Agent.Costs;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent;

/// <summary>The order in which pages are brought that nobody has asked for yet.</summary>
public enum HydrationOrder
{
    /// <summary>None are: only what the process touches, and its neighbours.</summary>
    None,

    /// <summary>Mappings with few pages first, fewest foremost; then by address.</summary>
    Linear,
}

/// <summary>What happens when a page cannot be had intact.</summary>
public enum PageErrorPolicy
{
    /// <summary>Whoever touches it waits, and the service ends as failed once everything else is placed.</summary>
    Wait,

    /// <summary>The service ends as failed at once; its user is to kill the process.</summary>
    Kill,

    /// <summary>Whoever touches it gets SIGBUS, and nobody else is harmed (UFFDIO_POISON); a system call that needs it fails with EFAULT.</summary>
    SigBus,
}

/// <summary>How a <see cref="PageService"/> works.</summary>
public sealed record PageServiceOptions
{
    /// <summary>What is brought in the background.</summary>
    public HydrationOrder Hydration { get; init; } = HydrationOrder.Linear;

    /// <summary>What happens when a page cannot be had intact.</summary>
    public PageErrorPolicy OnPageError { get; init; } = PageErrorPolicy.Wait;

    /// <summary>
    /// How long a thread may wait for a page that is on its way before <see cref="OnPageError"/> says what becomes of it: under
    /// <see cref="PageErrorPolicy.Wait"/> the service ends as failed then. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.
    /// </summary>
    public TimeSpan SourcePatience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Whether somebody waits for all of the memory, so that a source may not be lost longer than <see cref="SourcePatience"/> at all.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>How many pages a demand fault may bring at most, 1 to 512; 1 brings only the page itself.</summary>
    public int FillAroundLimitPages { get; init; } = 64;

    /// <summary>How many pages hydration places at most before it looks for faults again, 1 to 512.</summary>
    public int HydrationBatchPages { get; init; } = 256;

    /// <summary>Mappings with at most so many pages are brought before larger ones: by default 16 MiB, which come in some 10 ms.</summary>
    public int SmallMappingPages { get; init; } = 4096;

    /// <summary>
    /// Bring only the working set and small mappings until <see cref="PageService.ReleaseBulk"/> is called: a process that is being
    /// built has better use for the processors.
    /// </summary>
    public bool HoldBulk { get; init; }

    /// <summary>With <see cref="HoldBulk"/>: bring nothing at all until then that nobody asks for, as where many processes are being built.</summary>
    public bool HoldAll { get; init; }

    /// <summary>What is brought before all else, when anything is brought in the background; null for nothing.</summary>
    public WorkingSet? WorkingSet { get; init; }

    /// <summary>
    /// Note which pages are touched first. Until the process has settled nothing but these is brought, one at a time.
    /// </summary>
    public bool RecordWorkingSet { get; init; }

    /// <summary>
    /// Finds what placing pages costs on this machine, on the service's thread when the process runs; null when there is nothing to find it in.
    /// </summary>
    public Func<PlacementCosts?>? FindCosts { get; init; }

    /// <summary>Whether what is moved is in huge pages, for which moving may be somewhat dearer than copying.</summary>
    public bool MovesHugePages { get; init; } = true;

    /// <summary>Go on moving extents though it is much slower than copying them, as where the kernel has to make huge pages first.</summary>
    public bool MoveAtAnyPace { get; init; }
}
