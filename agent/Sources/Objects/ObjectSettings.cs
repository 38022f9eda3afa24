namespace LazyRestore.Agent.Sources.Objects;

/// <summary>How a store is asked.</summary>
internal sealed record ObjectSettings
{
    /// <summary>How long to try to open an image, and to read what is needed before a process exists.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a store may be silent in the middle of an answer, or before it.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After so long without a byte of any answer the store counts as lost, although its answers are still waited for.</summary>
    internal TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The pause after the first failure; it grows with each further one.</summary>
    internal TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between attempts that a store did not ask for.</summary>
    internal TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause that a store may ask for.</summary>
    internal TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many ranges are fetched at once that nobody waits for.</summary>
    internal int Streams { get; init; } = 4;

    /// <summary>How many questions that somebody waits for are under way at once.</summary>
    internal int DemandStreams { get; init; } = 24;

    /// <summary>The most bytes of one range that nobody waits for.</summary>
    internal long LongestRange { get; init; } = 16 << 20;
}
