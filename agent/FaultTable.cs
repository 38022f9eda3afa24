using System.Collections.Immutable;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent;

/// <summary>How many page faults have come to an end, by kind and outcome.</summary>
public readonly record struct FaultTable
{
    internal const int Length = 3 * StateCounter.OutcomeCapacity;

    private readonly ImmutableArray<long> _counts;

    internal FaultTable(ImmutableArray<long> counts) => _counts = counts;

    /// <summary>The faults of a kind that came to an outcome.</summary>
    public long this[FaultKind kind, FaultOutcome outcome] =>
        _counts.IsDefault ? 0 : _counts[StateCounter.Fault(kind, outcome) - StateCounter.FirstFault];

    /// <summary>The faults of all kinds and outcomes.</summary>
    public long Total => _counts.IsDefault ? 0 : _counts.Sum();

    /// <summary>What two tables count together.</summary>
    public static FaultTable operator +(FaultTable one, FaultTable other) =>
        one._counts.IsDefault ? other
        : other._counts.IsDefault ? one
        : new FaultTable([.. one._counts.Zip(other._counts, static (left, right) => left + right)]);
}
