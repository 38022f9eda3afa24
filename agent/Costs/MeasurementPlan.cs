using System.Collections.Immutable;

namespace LazyRestore.Agent.Costs;

/// <summary>How thoroughly costs are measured.</summary>
public sealed record MeasurementPlan
{
    /// <summary>A few milliseconds, for a restore.</summary>
    public static MeasurementPlan Quick { get; } = new()
    {
        SmallBatches = [1, 16, 64, 512],
        HugeBatches = [512],
        ThreadCounts = [0, 1],
        Rounds = 2,
        LeastPages = 32,
    };

    /// <summary>Some tenths of a second, for people.</summary>
    public static MeasurementPlan Thorough { get; } = new()
    {
        SmallBatches = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
        HugeBatches = [512, 1024, 2048],
        ThreadCounts = [.. new[] { 0, 1, Environment.ProcessorCount - 1 }.Distinct().Order()],
        Rounds = 7,
        LeastPages = 128,
    };

    /// <summary>How many pages of 4 KiB a call places, up to <see cref="MostPages"/>.</summary>
    public required ImmutableArray<int> SmallBatches { get; init; }

    /// <summary>The same for whole huge pages: multiples of 512, up to <see cref="MostPages"/>.</summary>
    public required ImmutableArray<int> HugeBatches { get; init; }

    /// <summary>How many other threads run.</summary>
    public required ImmutableArray<int> ThreadCounts { get; init; }

    /// <summary>How often each is measured; the fastest counts, since whatever disturbs only adds.</summary>
    public required int Rounds { get; init; }

    /// <summary>How many pages are placed in a round at least.</summary>
    public required int LeastPages { get; init; }

    /// <summary>The largest batch.</summary>
    public const int MostPages = 2048;
}
