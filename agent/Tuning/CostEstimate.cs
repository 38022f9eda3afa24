namespace LazyRestore.Agent.Tuning;

/// <summary>What something takes, learned from one measurement after the other.</summary>
/// <param name="assumed">What it takes before the first measurement.</param>
internal sealed class CostEstimate(double assumed)
{
    // The weight of a measurement, and how many times the estimate it counts for at most: one that was disturbed does not decide anything.
    private const double Weight = 0.25;
    private const double MostTimes = 4;

    /// <summary>The estimate.</summary>
    internal double Value { get; private set; } = assumed;

    /// <summary>How many measurements there were.</summary>
    internal int Samples { get; private set; }

    /// <summary>When the last one was, in ticks of the stopwatch.</summary>
    internal long LastAt { get; private set; }

    /// <summary>Takes a measurement in. The first one replaces what was assumed.</summary>
    internal void Add(double cost, long now)
    {
        Value = Samples == 0 ? cost : Value + (Weight * (Math.Min(cost, MostTimes * Value) - Value));
        Samples++;
        LastAt = now;
    }

    /// <summary>Replaces what is assumed.</summary>
    internal void Assume(double cost) => Value = Samples == 0 ? cost : Value;
}
