using System.Diagnostics;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// How far ahead of hydration a source elsewhere is asked. What comes for nobody takes processors and the way from what somebody waits for, so while
/// a process faults nothing is asked for ahead, as after its start; a little later a little is, soon as much as is useful. Where faults do not
/// end, filling memory is what ends them.
/// </summary>
internal sealed class ReadAhead
{
    // Faults in succession until they are taken for endless.
    private const int Patience = 256;
    private static readonly long s_quiet = Stopwatch.Frequency / 200;
    private static readonly long s_step = Stopwatch.Frequency / 1000;
    private long _last;
    private int _faults;

    /// <summary>The process has just begun to run. May be called from any thread.</summary>
    internal void Begin(long now) => Volatile.Write(ref _last, now);

    /// <summary>Messages were read.</summary>
    /// <param name="count">How many.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal void Heard(int count, long now)
    {
        _faults = now - Volatile.Read(ref _last) < s_quiet ? Math.Min(_faults + count, Patience) : count;
        Volatile.Write(ref _last, now);
    }

    /// <summary>Extents that may be asked for ahead now.</summary>
    /// <param name="most">How many are of use.</param>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal int Extents(int most, long now)
    {
        long quiet = now - Volatile.Read(ref _last) - s_quiet;
        return quiet >= 0 ? (int)Math.Min(most, 1L << (int)Math.Min(quiet / s_step, 30)) : _faults >= Patience ? most : 0;
    }
}
