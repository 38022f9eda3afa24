using LazyRestore.Agent;
using LazyRestore.Agent.Metrics;
using LazyRestore.Restore;
using LazyRestore.Restore.Plan;

namespace LazyRestore.Tools.Restoring;

/// <summary>What the command line of a restore asks for.</summary>
internal sealed record RestoreSettings
{
    /// <summary>The image's path, or <c>-</c>.</summary>
    public required string Image { get; init; }

    /// <summary>Where to write the PID; null for nowhere.</summary>
    public string? PidFile { get; init; }

    /// <summary>The descriptor that gets a NUL byte; null for none.</summary>
    public int? StatusFd { get; init; }

    /// <summary>Where metrics can be fetched; null for nowhere.</summary>
    public MetricsAddress? Metrics { get; init; }

    /// <summary>The control socket of the agent service that is to serve the process; null for none.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>Whether new process and thread IDs are taken.</summary>
    public bool NewPid { get; init; }

    /// <summary>Whether our terminal becomes that of the process.</summary>
    public bool ShellJob { get; init; }

    /// <summary>Whether memory is filled before the process runs.</summary>
    public bool Eager { get; init; }

    /// <summary>How memory arrives in the background.</summary>
    public HydrationOrder Hydration { get; init; }

    /// <summary>Whether a recorded working set comes first.</summary>
    public bool FollowWorkingSet { get; init; }

    /// <summary>Whether the working set is recorded.</summary>
    public bool RecordWorkingSet { get; init; }

    /// <summary>How pages get into the process.</summary>
    public PlacementPolicy Placement { get; init; }

    /// <summary>Which memory comes back in huge pages.</summary>
    public HugePagePolicy HugePages { get; init; }

    /// <summary>How long a thread may wait for a page that is elsewhere.</summary>
    public TimeSpan SourcePatience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>What the process finds in place of what it had.</summary>
    public Replacements Replacements { get; init; } = new();

    /// <summary>What happens when a page cannot be had.</summary>
    public PageErrorPolicy OnPageError { get; init; }

    /// <summary>The options of the session that restores from <paramref name="imagePath"/>.</summary>
    public RestoreOptions OptionsFor(string imagePath) => new()
    {
        ImagePath = imagePath,
        AgentSocket = AgentSocket,
        NewPid = NewPid,
        ShellJob = ShellJob,
        Eager = Eager,
        Hydration = Hydration,
        FollowWorkingSet = FollowWorkingSet,
        RecordWorkingSet = RecordWorkingSet,
        Placement = Placement,
        HugePages = HugePages,
        SourcePatience = SourcePatience,
        Replacements = Replacements,
        OnPageError = OnPageError,
    };
}
