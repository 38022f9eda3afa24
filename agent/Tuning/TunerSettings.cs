namespace LazyRestore.Agent.Tuning;

/// <summary>What a tuner starts with.</summary>
/// <param name="First">The first method.</param>
/// <param name="Reason">Why that.</param>
internal sealed record TunerSettings(PlacementMethod First, ChoiceReason Reason)
{
    /// <summary>Whether there is a choice.</summary>
    internal bool IsFixed => Reason is ChoiceReason.OnlyWay or ChoiceReason.Told;

    /// <summary>Whether what is moved is in huge pages.</summary>
    internal bool MovesHugePages { get; init; } = true;

    /// <summary>
    /// How many times as dear as the other method the chosen one may be: what is not worth a switch, and keeps a process's huge pages.
    /// </summary>
    internal double Tolerance { get; init; } = 1.04;

    /// <summary>
    /// How much time, in ticks of the stopwatch, the chosen method may have lost before the other is taken: a hundredth of what filling a gigabyte takes.
    /// </summary>
    internal long Patience { get; init; } = System.Diagnostics.Stopwatch.Frequency / 250;

    /// <summary>The most of the time that goes into trying the other method.</summary>
    internal double TrialShare { get; init; } = 0.01;

    /// <summary>How old the last measurement of the other method may become before it is tried again, in ticks.</summary>
    internal long Staleness { get; init; } = System.Diagnostics.Stopwatch.Frequency / 10;
}
