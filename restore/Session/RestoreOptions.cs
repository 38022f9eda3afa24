using LazyRestore.Agent;
using LazyRestore.Restore.Plan;

namespace LazyRestore.Restore;

/// <summary>What to restore and how.</summary>
public sealed record RestoreOptions
{
    /// <summary>The image file.</summary>
    public required string ImagePath { get; init; }

    /// <summary>Take new process and thread IDs instead of those the process had.</summary>
    public bool NewPid { get; init; }

    /// <summary>Make the restorer's terminal that of a process which was saved as the job of one.</summary>
    public bool ShellJob { get; init; }

    /// <summary>Fill all memory before the process runs.</summary>
    public bool Eager { get; init; }

    /// <summary>In which order memory arrives that nobody asked for.</summary>
    public HydrationOrder Hydration { get; init; } = HydrationOrder.Linear;

    /// <summary>Bring the pages first that a recording beside the image names, if there is one.</summary>
    public bool FollowWorkingSet { get; init; } = true;

    /// <summary>Write beside the image which pages are touched first.</summary>
    public bool RecordWorkingSet { get; init; }

    /// <summary>How pages get into the process.</summary>
    public PlacementPolicy Placement { get; init; }

    /// <summary>Which memory comes back in huge pages.</summary>
    public HugePagePolicy HugePages { get; init; }

    /// <summary>How long a thread may wait for a page from a source that is not a file; infinite for as long as it takes.</summary>
    public TimeSpan SourcePatience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>The control socket of the agent service that is to serve the process once it runs; null to serve it here.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>What the process finds in place of what it had.</summary>
    public Replacements Replacements { get; init; } = new();

    /// <summary>What happens when a page cannot be had.</summary>
    public PageErrorPolicy OnPageError { get; init; } = PageErrorPolicy.Wait;
}
