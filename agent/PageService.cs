using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

/// <summary>
/// Serves the memory of one restored process, and of the children it forks while memory is missing, on one thread of its own:
/// events before faults, faults before anything that nobody waits for.
/// </summary>
public sealed class PageService : IDisposable
{
    private readonly IPageSource _source;
    private readonly PageServiceOptions _options;
    private readonly ServiceCounters _counters;
    private readonly AddressSpace _process;
    private readonly List<AddressSpace> _spaces = [];
    private readonly FaultWait _wait = new();
    private readonly TaskCompletionSource<PageServiceResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private long _remaining;
    private volatile bool _stopping;

    /// <summary>Creates the service of a process. It owns the descriptors from now on.</summary>
    /// <param name="image">The image; it must live as long as the service.</param>
    /// <param name="uffd">The process's userfaultfd.</param>
    /// <param name="state">The state of its pages, new or taken up.</param>
    /// <param name="options">How to work.</param>
    public PageService(CheckpointImage image, SafeFileHandle uffd, PageState state, PageServiceOptions options)
    {
        _source = new MappedImageSource(image, state.ImagePath);
        _options = options;
        _counters = new ServiceCounters(state);
        _process = new AddressSpace(new UserFault(uffd), state, _source, options, _counters, Adopt);
        _spaces.Add(_process);
        _remaining = _process.Remaining;
        _thread = new Thread(Run) { Name = "pages", IsBackground = true };
    }

    /// <summary>Ends when there is nothing left to do, or nothing that can be done.</summary>
    public Task<PageServiceResult> Completion => _completion.Task;

    /// <summary>What was done so far.</summary>
    public PageStatistics Statistics => new()
    {
        PagesRemaining = Volatile.Read(ref _remaining),
        DemandFaults = _counters[StateCounter.DemandFaults],
        CopiedPages = _counters[StateCounter.CopiedPages],
        ZeroPages = _counters[StateCounter.ZeroPages],
        HydratedPages = _counters[StateCounter.HydratedPages],
        AlreadyPresent = _counters[StateCounter.AlreadyPresent],
        Deferred = _counters[StateCounter.Deferred],
        Discarded = _counters[StateCounter.Discarded],
        DroppedPages = _counters[StateCounter.DroppedPages],
        DamagedPages = _counters[StateCounter.DamagedPages],
        ForkEvents = _counters[StateCounter.ForkEvents],
        RemapEvents = _counters[StateCounter.RemapEvents],
        RemoveEvents = _counters[StateCounter.RemoveEvents],
        UnmapEvents = _counters[StateCounter.UnmapEvents],
        ServiceTimes = [.. Enumerable.Range(0, StateCounter.BucketCount).Select(bucket => _counters[StateCounter.FirstBucket + bucket])],
    };

    /// <summary>Takes up the work of an agent that died: applies what it had read, and serves its forked children again.</summary>
    public static PageService Resume(CheckpointImage image, SafeFileHandle uffd, PageState state, PageServiceOptions options)
    {
        var service = new PageService(image, uffd, state, options);
        service._counters.Add(StateCounter.Resumptions);
        service._process.Recover();
        foreach (ParkedChild parked in state.Parking!.Peek())
        {
            var child = new AddressSpace(
                new UserFault(new SafeFileHandle(parked.UserFault, ownsHandle: true)),
                PageState.Attach(new SafeFileHandle(parked.State, ownsHandle: true)),
                service._source,
                options,
                service._counters,
                service.Adopt);
            child.Recover();
            service._spaces.Add(child);
        }

        return service;
    }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Stops the work, whatever is missing, and waits until the thread has ended.</summary>
    public void Stop()
    {
        _stopping = true;
        _wait.Interrupt();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (AddressSpace space in _spaces)
        {
            space.Dispose();
        }

        _source.Dispose();
        _wait.Dispose();
    }

    private void Run()
    {
        try
        {
            PageServiceResult? result = null;
            while (result is null)
            {
                result = _stopping ? new PageServiceResult(PageServiceEnd.Stopped) : Step();
            }

            _completion.SetResult(result);
        }
        catch (LazyRestoreException failure)
        {
            _completion.SetResult(new PageServiceResult(PageServiceEnd.Failed, failure));
        }
    }

    private PageServiceResult? Step()
    {
        for (int i = 0; i < _spaces.Count; i++)
        {
            _ = _spaces[i].Drain();
            _spaces[i].ServePending();
        }

        HydrationStep step = Hydrate();
        ForgetChildrenThatAreGone();
        PublishRemaining();
        if (Judge() is { } result)
        {
            return result;
        }

        if (step == HydrationStep.Exhausted)
        {
            _wait.ForMessages(_spaces);
            _ = _process.ProbeGone();
        }
        else if (step == HydrationStep.Deferred)
        {
            _ = Thread.Yield();
        }

        return null;
    }

    // The process first: children often execute another program at once, and need nothing then.
    private HydrationStep Hydrate()
    {
        if (_options.Hydration == HydrationOrder.None)
        {
            return HydrationStep.Exhausted;
        }

        foreach (AddressSpace space in _spaces)
        {
            if (!space.IsFilled && !space.IsGone)
            {
                HydrationStep step = space.Hydrate(_options.HydrationBatchPages);
                if (step != HydrationStep.Exhausted)
                {
                    return step;
                }
            }
        }

        return HydrationStep.Exhausted;
    }

    private void Adopt(AddressSpace child)
    {
        _spaces.Add(child);
        Park();
    }

    private void ForgetChildrenThatAreGone()
    {
        bool changed = false;
        for (int i = _spaces.Count - 1; i > 0; i--)
        {
            if (_spaces[i].IsGone || (_spaces[i].IsFilled && !_spaces[i].IsDamaged))
            {
                _spaces[i].Dispose();
                _spaces.RemoveAt(i);
                changed = true;
            }
        }

        if (changed)
        {
            Park();
        }
    }

    private void Park()
    {
        int error = _process.State.Parking!.Park(
            [.. _spaces.Skip(1).Select(child => new ParkedChild(child.Fault.Descriptor, child.State.Descriptor))]);
        if (error != 0)
        {
            throw new NativeException("sendmsg", error, "parking the userfaultfds of forked children");
        }
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

        return isDamaged && (isFilled || _options.OnPageError == PageErrorPolicy.Kill)
            ? new PageServiceResult(PageServiceEnd.Failed, _source.Problem)
            : isFilled ? new PageServiceResult(PageServiceEnd.Resident) : null;
    }
}
