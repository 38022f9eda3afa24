using System.Diagnostics;
using LazyRestore.Agent.Sources;

namespace LazyRestore.Restore.Session;

/// <summary>Tells the observer when the source of pages is lost, how long it has been, when it is back, and which pages could not be had.</summary>
internal sealed class SourceWatch(IReadOnlyList<LazyMemory> memories, IRestoreObserver observer)
{
    private static readonly TimeSpan s_firstReminder = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(1);
    private int _losses;
    private long _lostAt;
    private TimeSpan _reminder;
    private TimeSpan _longestWait;
    private long _poisoned = PoisonedPages(memories);

    /// <summary>How the source is, for all processes together; null when it is a file.</summary>
    internal SourceStatus? Status => memories[0].Service.Source is { } source
        ? source with
        {
            WaitingFaults = memories.Sum(static memory => memory.Service.Source!.WaitingFaults),
            LongestWait = memories.Max(static memory => memory.Service.Source!.LongestWait),
        }
        : null;

    /// <summary>Looks, and tells what is new.</summary>
    internal void Look()
    {
        if (PoisonedPages(memories) is var poisoned && poisoned > _poisoned)
        {
            _poisoned = poisoned;
            observer.PagesPoisoned(poisoned);
        }

        if (Status is not { } source)
        {
            return;
        }

        if (_lostAt == 0 && source.Losses > _losses)
        {
            _lostAt = Stopwatch.GetTimestamp() - (long)(source.LostFor.TotalSeconds * Stopwatch.Frequency);
            _reminder = s_firstReminder;
            _longestWait = TimeSpan.Zero;
            observer.SourceLost(source);
        }

        if (_lostAt != 0)
        {
            Follow(source);
        }

        _losses = source.Losses;
    }

    private static long PoisonedPages(IReadOnlyList<LazyMemory> memories) => memories.Sum(static memory => memory.Service.Statistics.PoisonedPages);

    private void Follow(SourceStatus source)
    {
        TimeSpan lost = Stopwatch.GetElapsedTime(_lostAt);
        _longestWait = _longestWait > source.LongestWait ? _longestWait : source.LongestWait;
        if (!source.IsLost)
        {
            _lostAt = 0;
            observer.SourceBack(source, lost, _longestWait);
        }
        else if (lost >= _reminder)
        {
            _reminder = lost + (lost < s_longestPause ? lost : s_longestPause);
            observer.SourceAwaited(source);
        }
    }
}
