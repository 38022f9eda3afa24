using System.Diagnostics;

namespace LazyRestore.Agent.Moving;

/// <summary>
/// Tells when moving is too slow to be worth it: where memory is in pieces, the kernel may compact it for every huge page of the
/// stage, which takes many times as long as copying the extent. The mover rests then, and is tried again.
/// </summary>
internal sealed class MoverPace
{
    // Copying an extent takes less than a millisecond.
    private static readonly long s_slow = 4 * Stopwatch.Frequency / 1000;
    private static readonly long s_rest = Stopwatch.Frequency;

    private long _last;
    private long _average;
    private long _restsUntil;

    /// <summary>An extent was moved.</summary>
    /// <param name="submitted">When the mover was told to, in ticks of the stopwatch.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal void Moved(long submitted, long now)
    {
        // It does one after the other.
        long took = now - Math.Max(submitted, _last);
        _last = now;
        _average += (took - _average) / 8;
        if (_average > s_slow)
        {
            _average = 0;
            _restsUntil = now + s_rest;
        }
    }

    /// <summary>Whether the mover is to be left alone.</summary>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal bool IsResting(long now) => now < _restsUntil;
}
