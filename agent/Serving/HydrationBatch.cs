using System.Diagnostics;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// How many pages hydration places before it looks for faults again. A fault that comes in the middle of a batch waits for the rest of it, so
/// batches are small when a process begins to fault, as after its start. Where faults do not end, filling memory is what ends them: batches grow.
/// </summary>
/// <param name="limitPages">The most pages of a batch.</param>
internal sealed class HydrationBatch(int limitPages)
{
    private const int LeastPages = 16;

    // After some 2,000 faults in succession batches are as large as they get by default.
    private const int FaultsPerPage = 8;
    private static readonly long s_succession = Stopwatch.Frequency / 1000;
    private long _last;
    private int _faults;

    /// <summary>Messages were read.</summary>
    /// <param name="count">How many.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal void Heard(int count, long now)
    {
        _faults = now - _last < s_succession ? Math.Min(_faults + count, limitPages * FaultsPerPage) : count;
        _last = now;
    }

    /// <summary>The size of the next batch.</summary>
    /// <param name="calmPages">What it is while nobody waits.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal int Pages(int calmPages, long now) => Math.Min(limitPages, now - _last < s_succession ? LeastPages + (_faults / FaultsPerPage) : calmPages);
}
