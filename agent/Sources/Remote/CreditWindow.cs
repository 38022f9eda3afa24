using System.Diagnostics;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// How much bulk a server may have on its way to us: what is under way is ahead of an answer that somebody waits for later, so it is
/// no more than the way takes. That is what arrives during two of the shortest turns seen on this connection; by the second of them it grows where
/// the window is what holds it back, as it is at first.
/// </summary>
internal sealed class CreditWindow
{
    /// <summary>The window at first, and at least: what a busy machine takes up within the time that waking a thread may take.</summary>
    internal const long Least = 1 << 20;

    /// <summary>The window at most.</summary>
    internal const long Most = 64 << 20;

    private const int GrantsPerWindow = 4;
    private const double Forgetting = 0.95;
    private static readonly long s_shortestPeriod = Stopwatch.Frequency / 500;

    private long _size = Least;
    private long _granted = Least;
    private long _consumed;
    private long _shortestTurn = long.MaxValue;
    private long _since;
    private long _sinceConsumed;
    private double _rate;

    /// <summary>Bytes that may be under way; may be read from any thread.</summary>
    internal long Size => Volatile.Read(ref _size);

    /// <summary>A small answer has come.</summary>
    /// <param name="turn">The time since it was asked for, in ticks of the stopwatch.</param>
    internal void Turned(long turn)
    {
        long shortest = Volatile.Read(ref _shortestTurn);
        while (turn < shortest && Interlocked.CompareExchange(ref _shortestTurn, turn, shortest) is var seen && seen != shortest)
        {
            shortest = seen;
        }
    }

    /// <summary>Bulk has been taken.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    /// <returns>Bytes to grant now; 0 for none yet.</returns>
    internal long Consume(long bytes, long now)
    {
        _consumed += bytes;
        if (_granted - _consumed > _size - (_size / GrantsPerWindow))
        {
            return 0;
        }

        Measure(now);
        long grant = _consumed + _size - _granted;
        _granted += Math.Max(grant, 0);
        return Math.Max(grant, 0);
    }

    // Over two turns, since what comes in one burst says nothing of the way; a pause between requests neither, so the best of late counts.
    private void Measure(long now)
    {
        long turn = Math.Min(Volatile.Read(ref _shortestTurn), Stopwatch.Frequency);
        if (_since == 0)
        {
            (_since, _sinceConsumed) = (now, _consumed);
        }
        else if (now - _since >= Math.Max(2 * turn, s_shortestPeriod))
        {
            _rate = Math.Max((_consumed - _sinceConsumed) / (double)(now - _since), _rate * Forgetting);
            Volatile.Write(ref _size, (long)Math.Clamp(2 * _rate * turn, Least, Most));
            (_since, _sinceConsumed) = (now, _consumed);
        }
    }
}
