using System.Diagnostics;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.WorkingSets;

/// <summary>
/// Notes which pages a process touches first. The window closes when it has settled: when a second has passed in which it touched
/// hardly any page for the first time, compared with its busiest moment. Owned by the agent thread while it is open.
/// </summary>
internal sealed class WorkingSetRecorder(long start)
{
    private const ulong PageSize = 4096;
    private const int QuietIntervals = 10;
    private const int LongestIntervals = 300;
    private const int QuietShare = 20;
    private const int AlwaysQuiet = 2;
    private static readonly long s_interval = Stopwatch.Frequency / 10;

    private readonly HashSet<ulong> _touched = [];
    private readonly List<WorkingSetRun> _runs = [];
    private long _intervalEnd = start + s_interval;
    private int _intervals;
    private int _quiet;
    private int _now;
    private int _peak;

    /// <summary>Whether the process has not settled yet.</summary>
    internal bool IsOpen { get; private set; } = true;

    /// <summary>What was touched.</summary>
    internal WorkingSet Recorded => new([.. _runs]);

    /// <summary>A page was touched.</summary>
    /// <param name="address">Its address in the image.</param>
    internal void Touch(ulong address)
    {
        if (!_touched.Add(address))
        {
            return;
        }

        _now++;
        if (_runs is [.., var last] && last.Address + ((ulong)last.Pages * PageSize) == address)
        {
            _runs[^1] = last with { Pages = last.Pages + 1 };
        }
        else
        {
            _runs.Add(new WorkingSetRun(address, 1));
        }
    }

    /// <summary>Closes the window when it is time.</summary>
    /// <param name="now">In ticks of the stopwatch.</param>
    internal void Look(long now)
    {
        while (IsOpen && now >= _intervalEnd)
        {
            _peak = Math.Max(_peak, _now);
            _quiet = _now <= Math.Max(AlwaysQuiet, _peak / QuietShare) ? _quiet + 1 : 0;
            _now = 0;
            _intervalEnd += s_interval;
            IsOpen = _quiet < QuietIntervals && ++_intervals < LongestIntervals;
        }
    }
}
