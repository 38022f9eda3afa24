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
}
