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

    /// <summary>How many times as dear as copying moving may be: that a process has its huge pages back is worth something.</summary>
    internal double MoveTolerance => MovesHugePages ? 1.5 : 1.1;

    /// <summary>How many times as dear as moving copying may be.</summary>
    internal double CopyTolerance { get; init; } = 1.1;

    /// <summary>How much time, in ticks of the stopwatch, the chosen method may have lost before the other is taken.</summary>
    internal long Patience { get; init; } = System.Diagnostics.Stopwatch.Frequency / 50;

    /// <summary>The most of the time that goes into trying the other method.</summary>
    internal double TrialShare { get; init; } = 0.01;

    /// <summary>How old the last measurement of the other method may become before it is tried again, in ticks.</summary>
    internal long Staleness { get; init; } = System.Diagnostics.Stopwatch.Frequency / 10;
}
