using System.Diagnostics;
using LazyRestore.Agent.Costs;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.Agent.Tuning;
using LazyRestore.Agent.WorkingSets;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

/// <summary>
/// Serves the memory of one restored process, and of the children it forks while memory is missing, on one thread of its own:
/// events before faults, faults before anything that nobody waits for.
/// </summary>
public sealed unsafe partial class PageService : IDisposable, IChildKeeper
{
    // How often the processor is given away before the thread sleeps: what puts a placement off is mostly over in microseconds.
    private const int YieldsBeforeWait = 64;

    // Reading what placing pages costs takes half a millisecond, and a process that has just begun to run needs pages.
    private const int MillisecondsBeforeCosts = 20;

    private readonly IPageSource _source;
    private readonly PageServiceOptions _options;
    private readonly ServiceCounters _counters;
    private readonly PlacementTuner _tuner;
    private readonly AddressSpace _process;
    private readonly MoverRing? _mover;
    private readonly List<AddressSpace> _spaces = [];
    private readonly FaultWait _wait;
    private readonly HydrationBatch _batch;
    private readonly ReadAhead _ahead = new();
    private readonly TaskCompletionSource<PageServiceResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CheckpointImage? _ownedImage;
    private readonly WorkingSetRecorder? _recorder;
    private volatile WorkingSet? _recorded;
    private readonly Lock _endLock = new();
    private PageStatistics? _lastStatistics;
    private Func<PlacementCosts?>? _findCosts;
    private long _remaining;
    private int _deferrals;
    private bool _isChanging;
    private volatile bool _holdsBulk;
    private volatile bool _bringsAll;
    private long _bulkSince;
    private volatile bool _stopping;

    /// <summary>Creates the service of a process. It owns the descriptors from now on.</summary>
    /// <param name="image">The image; it must live as long as the service.</param>
    /// <param name="uffd">The process's userfaultfd.</param>
    /// <param name="state">The state of its pages, new or taken up.</param>
    /// <param name="options">How to work.</param>
    /// <param name="mover">The agent's end of a mover inside the process, owned by the service; null when there is none.</param>
    public PageService(CheckpointImage image, SafeFileHandle uffd, PageState state, PageServiceOptions options, MoverRing? mover = null)
    {
        _source = PageSources.Of(image, state.Space);
        _remote = _source as IAwaitedPageSource;
        _pushed = _source as PushedPageSource;
        _wait = new FaultWait { Announcements = _remote?.Announcements ?? -1 };
        _options = options;
        _findCosts = options.FindCosts;
        _holdsBulk = options.HoldBulk;
        _batch = new HydrationBatch(Math.Clamp(options.HydrationBatchPages, 1, ImageLayout.PagesPerExtent));
        _counters = new ServiceCounters(state);
        _tuner = new PlacementTuner(
            mover is null ? new TunerSettings(PlacementMethod.Copy, ChoiceReason.OnlyWay)
                : new TunerSettings(PlacementMethod.Move, options.MoveAtAnyPace ? ChoiceReason.Told : ChoiceReason.Assumed)
                {
                    MovesHugePages = options.MovesHugePages,
                },
            Stopwatch.GetTimestamp());
        _recorder = options.RecordWorkingSet ? new WorkingSetRecorder(Stopwatch.GetTimestamp()) : null;
        _process = new AddressSpace(new UserFault(uffd), state, _source, options, _counters, _tuner, this, mover) { Recorder = _recorder };
        _mover = mover;
        _spaces.Add(_process);
        _remaining = _process.Remaining;
        _thread = new Thread(Run) { Name = "pages", IsBackground = true };
    }

    /// <summary>Ends when there is nothing left to do, or nothing that can be done.</summary>
    public Task<PageServiceResult> Completion => _completion.Task;

    /// <summary>What was done so far.</summary>
    public PageStatistics Statistics
    {
        get
        {
            // What is counted lies in memory that ends with the service.
            lock (_endLock)
            {
                return _lastStatistics ?? Count();
            }
        }
    }

    /// <summary>What was touched first, once the process has settled or the service has ended; null before, and when nobody asked for it.</summary>
    public WorkingSet? Recorded => _recorded;

    /// <summary>Starts the thread.</summary>
    /// <exception cref="LazyRestoreException">Another agent serves the process.</exception>
    public void Start()
    {
        if (!_process.State.TryLock())
        {
            throw Succession.AnotherAgent(_process.State);
        }

        _thread.Start();
    }

    /// <summary>Lets hydration go on behind what a process needs first, where it was told to wait for this.</summary>
    public void ReleaseBulk()
    {
        _ahead.Begin(Stopwatch.GetTimestamp());
        _bulkSince = Environment.TickCount64;
        _holdsBulk = false;
        _wait.Interrupt();
    }

    /// <summary>Notes which service is to serve the process from now on, also when it starts again; 0 for none.</summary>
    public void IsFor(long service) => WhileItLasts(() => _process.State.Service = service);

    /// <summary>Brings all memory from now on, whatever the options said, and lets a successor do the same.</summary>
    public void BringAll() => WhileItLasts(() =>
    {
        _process.State.Header->Hydration = (int)HydrationOrder.Linear;
        _bringsAll = true;
        ReleaseBulk();
    });

    /// <summary>Stops the work, whatever is missing, and waits until the thread has ended.</summary>
    public void Stop()
    {
        _stopping = true;
        _wait.Interrupt();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _recorded ??= _recorder?.Recorded;

        // A thread that was never started says nothing.
        _ = _completion.TrySetResult(new PageServiceResult(PageServiceEnd.Stopped));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_lastStatistics is not null)
        {
            return;
        }

        Stop();
        lock (_endLock)
        {
            _lastStatistics = Count();
        }

        foreach (AddressSpace space in _spaces)
        {
            space.Dispose();
        }

        _source.Dispose();
        _wait.Dispose();
        _mover?.Dispose();
        _ownedImage?.Dispose();
    }

    private void WhileItLasts(Action act)
    {
        lock (_endLock)
        {
            if (_lastStatistics is null)
            {
                act();
            }
        }
    }

    private PageStatistics Count()
    {
        PlacementReport placement = _tuner.Report;
        return _counters.Snapshot(Volatile.Read(ref _remaining)) with
        {
            Placement = placement,
            PlacementTotals = placement.Totals,
            Sources = [_source.Traffic],
            WaitingFaults = Volatile.Read(ref _waitingFaults),
            LongestWait = LongestWait,
        };
    }

    private void Run()
    {
        try
        {
            _process.State.StartKeeper();
            PageServiceResult? result = null;
            while (result is null)
            {
                result = _stopping ? new PageServiceResult(PageServiceEnd.Stopped) : Step();
            }

            _pushed?.Complete();
            _completion.SetResult(result);
        }
        catch (LazyRestoreException failure)
        {
            _completion.SetResult(new PageServiceResult(PageServiceEnd.Failed, failure));
        }
        catch (Exception unexpected)
        {
            // Whatever it is, the user of the service has to hear of it: the process waits.
            _completion.SetResult(new PageServiceResult(
                PageServiceEnd.Failed,
                new LazyRestoreException(
                    FailureReason.Failed, $"serving pages failed: {unexpected.Message}", "Please report this.", innerException: unexpected)));
        }
    }

    private PageServiceResult? Step()
    {
        RetryAwaited();
        int messages = 0;
        for (int i = 0; i < _spaces.Count; i++)
        {
            messages += _spaces[i].Drain();
            _spaces[i].ServePending();
        }

        if (messages > 0)
        {
            long now = Stopwatch.GetTimestamp();
            _batch.Heard(messages, now);
            _ahead.Heard(messages, now);
        }
        else if (!_holdsBulk && Environment.TickCount64 - _bulkSince >= MillisecondsBeforeCosts)
        {
            FindCosts();
        }

        // What is pushed comes when it comes, and may be what a process needs to be built.
        HydrationStep step = _pushed is not null ? PlacePushed(_pushed)
            : IsRecording() || (_holdsBulk && _options.HoldAll) ? HydrationStep.Exhausted
            : Hydrate();
        ForgetChildrenThatAreGone();
        PublishRemaining();
        if ((LosePatience() ?? Judge()) is { } result)
        {
            return result;
        }

        Rest(step);
        return null;
    }

    // Once the process runs, and when it waits for nothing.
    private void FindCosts()
    {
        if (_findCosts?.Invoke() is { } costs)
        {
            _tuner.Know(costs);
        }

        _findCosts = null;
    }

    private bool IsRecording()
    {
        if (_recorder is null || _recorded is not null)
        {
            return false;
        }

        _recorder.Look(Stopwatch.GetTimestamp());
        _recorded = _recorder.IsOpen ? null : _recorder.Recorded;
        return _recorder.IsOpen;
    }

    private void Rest(HydrationStep step)
    {
        bool toRetry = step is HydrationStep.Deferred or HydrationStep.Awaiting || _isChanging || HasPendingFaults();
        if (step == HydrationStep.Advanced || (toRetry && ++_deferrals <= YieldsBeforeWait))
        {
            // There is work, or there will be as soon as others have run.
            if (toRetry)
            {
                _ = Thread.Yield();
            }

            return;
        }

        _deferrals = toRetry ? _deferrals : 0;
        bool toAsk = step == HydrationStep.Fetching && ExtentsAhead(Stopwatch.GetTimestamp()) < _remote!.ExtentsAhead;
        if (!_wait.ForMessages(_spaces, toRetry || toAsk ? FaultWait.Retry : UntilPatienceEnds()))
        {
            _process.LookAfterMover();
            foreach (AddressSpace space in _spaces)
            {
                space.RetryAwaited();
            }

            foreach (AddressSpace space in _spaces)
            {
                _ = space.ProbeGone();
            }
        }
        else if (toRetry)
        {
            _deferrals = 0;
        }
    }

    private bool HasPendingFaults()
    {
        foreach (AddressSpace space in _spaces)
        {
            if (space.HasPendingFaults)
            {
                return true;
            }
        }

        return false;
    }

    // The process first: children often execute another program at once, and need nothing then.
    private HydrationStep Hydrate()
    {
        if (_options.Hydration == HydrationOrder.None && !_bringsAll)
        {
            return HydrationStep.Exhausted;
        }

        HydrationStep rest = HydrationStep.Exhausted;
        foreach (AddressSpace space in _spaces)
        {
            if (!space.IsFilled && !space.IsGone)
            {
                long now = Stopwatch.GetTimestamp();
                HydrationStep step = space.Hydrate(_batch.Pages(_tuner.BatchPages, now), _holdsBulk, ExtentsAhead(now));
                if (step is HydrationStep.Advanced or HydrationStep.Deferred or HydrationStep.Fetching)
                {
                    return step;
                }

                rest = step == HydrationStep.Awaiting ? step : rest;
            }
        }

        return rest;
    }

    private void PublishRemaining()
    {
        long remaining = 0;
        foreach (AddressSpace space in _spaces)
        {
            remaining += space.Remaining;
        }

        Volatile.Write(ref _remaining, remaining);
    }

    private PageServiceResult? Judge()
    {
        if (_process.IsGone && _spaces.Count == 1)
        {
            return new PageServiceResult(PageServiceEnd.ProcessGone);
        }

        bool isDamaged = false;
        bool isFilled = true;
        foreach (AddressSpace space in _spaces)
        {
            if (space.Failure is { } failure)
            {
                return new PageServiceResult(PageServiceEnd.Failed, failure);
            }

            isDamaged |= space.IsDamaged;
            isFilled &= space.IsFilled || space.IsGone;
        }

        if (isDamaged && (isFilled || _options.OnPageError == PageErrorPolicy.Kill))
        {
            return new PageServiceResult(PageServiceEnd.Failed, _source.Problem);
        }

        return isFilled && ReleaseAll() ? new PageServiceResult(PageServiceEnd.Resident) : null;
    }

    // False when something was announced before the memory was released, or is about to be, which has to be dealt with first: whoever
    // changes the address space counts as changing it from before its change takes effect until we have read of it, so after the release
    // nobody can be on the way unseen.
    private bool ReleaseAll()
    {
        int messages = 0;
        _isChanging = false;
        for (int i = 0; i < _spaces.Count; i++)
        {
            _spaces[i].Release();
            messages += _spaces[i].Drain();
            _isChanging |= _spaces[i].IsChanging;
        }

        return messages == 0 && !_isChanging;
    }
}
