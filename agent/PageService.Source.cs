using System.Diagnostics;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent;

// Sources whose pages take a while to come, and those who wait for them.
public sealed partial class PageService
{
    private readonly IAwaitedPageSource? _remote;
    private readonly PushedPageSource? _pushed;
    private long _waitingSince = long.MaxValue;
    private int _waitingFaults;

    /// <summary>How the source is, and who waits for it; null when it is a file. May be called from any thread.</summary>
    public SourceStatus? Source
    {
        get
        {
            if (_remote is null)
            {
                return null;
            }

            SourceHealth.State health = _remote.Health.Now;
            return new SourceStatus(
                _remote.Name,
                health.IsLost,
                health.IsLost ? Stopwatch.GetElapsedTime(health.LostAt) : TimeSpan.Zero,
                health.Losses,
                health.Problem,
                Volatile.Read(ref _waitingFaults),
                LongestWait);
        }
    }

    private TimeSpan LongestWait => Volatile.Read(ref _waitingSince) is var since and not long.MaxValue ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero;

    private void RetryAwaited()
    {
        if (_remote is not null && _remote.TakeAnnouncement())
        {
            foreach (AddressSpace space in _spaces)
            {
                space.RetryAwaited();
            }
        }
    }

    // Stands in place of hydration. What is pushed stays with the source until no address space lacks it any more.
    private HydrationStep PlacePushed(PushedPageSource pushed)
    {
        if (!pushed.TryPeek(out PushedRun run))
        {
            return HydrationStep.Exhausted;
        }

        bool isPlaced = true;
        foreach (AddressSpace space in _spaces)
        {
            isPlaced &= space.PlacePushed(run);
        }

        if (!isPlaced)
        {
            return HydrationStep.Deferred;
        }

        pushed.Take();
        foreach (AddressSpace space in _spaces)
        {
            space.RetryAwaited();
        }

        return HydrationStep.Advanced;
    }

    private int ExtentsAhead(long now) => _remote is null ? 0 : _ahead.Extents(_remote.ExtentsAhead, now);

    private PageServiceResult? LosePatience()
    {
        if (_remote is null)
        {
            return null;
        }

        CountWaiting();
        if (_options.SourcePatience == Timeout.InfiniteTimeSpan)
        {
            return null;
        }

        long then = Stopwatch.GetTimestamp() - (long)(_options.SourcePatience.TotalSeconds * Stopwatch.Frequency);
        SourceHealth.State health = _remote.Health.Now;
        if (_options.IsAwaited && health.IsLost && health.LostAt <= then)
        {
            return new PageServiceResult(PageServiceEnd.Failed, Unreachable(health));
        }

        if (_waitingSince > then)
        {
            return null;
        }

        if (_options.OnPageError != PageErrorPolicy.SigBus)
        {
            return new PageServiceResult(PageServiceEnd.Failed, Unreachable(health));
        }

        foreach (AddressSpace space in _spaces)
        {
            space.PoisonAwaited(then);
        }

        CountWaiting();
        return null;
    }

    private void CountWaiting()
    {
        int faults = 0;
        long since = long.MaxValue;
        foreach (AddressSpace space in _spaces)
        {
            faults += space.AwaitedFaults;
            since = Math.Min(since, space.AwaitedSince);
        }

        Volatile.Write(ref _waitingFaults, faults);
        Volatile.Write(ref _waitingSince, since);
    }

    private LazyRestoreException Unreachable(SourceHealth.State health) => new(
        FailureReason.SourceUnreachable,
        $"no page has come from {_remote!.Name} for {_options.SourcePatience.TotalSeconds:0.#} s: {health.Problem ?? "it is slow"}",
        _options.IsAwaited ? "Nothing was restored."
            : _options.OnPageError == PageErrorPolicy.Kill ? "The process was ended, as was asked for."
            : $"The process waits for its memory. When the server is back: lazyrestore agent --resume {_process.State.Pid}.");

    // Not longer than until somebody has waited too long.
    private TimeSpan UntilPatienceEnds()
    {
        if (_options.SourcePatience == Timeout.InfiniteTimeSpan || _waitingFaults == 0)
        {
            return FaultWait.LookUp;
        }

        TimeSpan left = _options.SourcePatience - Stopwatch.GetElapsedTime(_waitingSince);
        return TimeSpan.FromTicks(Math.Clamp(left.Ticks, FaultWait.Retry.Ticks, FaultWait.LookUp.Ticks));
    }
}
