using LazyRestore.Agent.Costs;

namespace LazyRestore.Agent.Tuning;

/// <summary>
/// How many pages are copied at once while nobody waits: the fewest that cost hardly more than the cheapest batch, since a fault that comes
/// in between waits for the rest. Learns from batches of whatever size there are.
/// </summary>
internal sealed class BatchTuner
{
    private const int Smallest = 16;
    private const int Sizes = 5; // 16, 32, 64, 128, 256
    private const int Usual = 2; // 64
    private const int EnoughSamples = 16;
    private const double Tolerance = 1.125;

    private readonly CostEstimate[] _costs = [.. Enumerable.Range(0, Sizes).Select(static _ => new CostEstimate(0))];
    private int _size = Usual;

    /// <summary>The size.</summary>
    internal int Pages => Smallest << _size;

    /// <summary>Starts with what is known of this machine.</summary>
    internal void Know(PlacementCosts costs)
    {
        if (costs.Choose().BatchPages is > 0 and var pages)
        {
            _size = ClassOf(Math.Max(pages, Smallest));
        }
    }

    /// <summary>A batch was copied.</summary>
    /// <param name="pages">Its pages.</param>
    /// <param name="cost">What each took.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal void Copied(int pages, double cost, long now)
    {
        if (pages < Smallest)
        {
            return;
        }

        _costs[ClassOf(pages)].Add(cost, now);
        double best = double.MaxValue;
        foreach (CostEstimate size in _costs)
        {
            best = IsKnown(size) ? Math.Min(best, size.Value) : best;
        }

        // The present size stays as long as it is good enough, so that two of equal cost do not take turns.
        if (!IsKnown(_costs[_size]) || _costs[_size].Value <= best * Tolerance)
        {
            return;
        }

        for (int size = 0; size < Sizes; size++)
        {
            if (IsKnown(_costs[size]) && _costs[size].Value <= best * Tolerance)
            {
                _size = size;
                return;
            }
        }
    }

    private static bool IsKnown(CostEstimate cost) => cost.Samples >= EnoughSamples;

    private static int ClassOf(int pages) => Math.Min(System.Numerics.BitOperations.Log2((uint)(pages / Smallest)), Sizes - 1);
}
