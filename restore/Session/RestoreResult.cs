using LazyRestore.Agent;

namespace LazyRestore.Restore;

/// <summary>How a restore went.</summary>
public sealed record RestoreResult
{
    /// <summary>The restored process.</summary>
    public required int Pid { get; init; }

    /// <summary>Its exit status as a shell gives it, 128 and the signal when killed; null when it was not waited for.</summary>
    public required int? ExitStatus { get; init; }

    /// <summary>From the start until the process ran.</summary>
    public required TimeSpan ToRunning { get; init; }

    /// <summary>From the start until all memory was there; null when the process ended before.</summary>
    public required TimeSpan? ToResident { get; init; }

    /// <summary>What the page service did; null when nothing was lazy.</summary>
    public required PageStatistics? Pages { get; init; }
}
