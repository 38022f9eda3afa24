using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.Shared;

// While pages are missing.
//
// read(2) hands out faults before events. When poll(2) says that there is something, and after that the kernel does not say that the
// address space is changing, what there is is a fault: an event makes it say so from before the event is queued until it is read.
// Then one message is read. Only if that fault goes away in between, because its thread got a signal, and an event comes in the same
// microsecond, an event is read. Forks, moves and unmappings do no harm then, as the pages still get into the files; after a removal nobody can
// tell what a page is to be, and the service fails rather than guess.
public sealed unsafe partial class SharedMemoryService
{
    private const int LeastWindowPages = 16;
    private const int HydrationPages = 64;
    private const ulong PageMask = ImageLayout.PageSize - 1;

    private void Fill()
    {
        Retry();
        bool isSaid = SharedWait.IsSaid(_process.Descriptor);
        if (isSaid && _process.IsChanging)
        {
            FillAll();
        }
        else if (isSaid)
        {
            ReadFault();
        }
        else if (Current() is { } file && MayHydrate && file.Advance(HydrationPages) != PlacementOutcome.Deferred)
        {
            Publish();
        }
        else
        {
            _wait.ForMessages(_process.Descriptor, _deferred.Count > 0 || MayHydrate ? SharedWait.Retry : SharedWait.LookUp);
        }

        Judge();
    }

    private void ReadFault()
    {
        uffd_msg message;
        int count = _process.Read(&message, 1);
        if (count < 1)
        {
            return;
        }

        if (message.@event == UFFD_EVENT_PAGEFAULT)
        {
            _counters.Add(StateCounter.SharedFaults);
            Serve(message.pagefault_address & ~PageMask);
            return;
        }

        if (message.@event == UFFD_EVENT_REMOVE)
        {
            throw new LazyRestoreException(
                FailureReason.Failed,
                $"process {_state.Pid} gave shared memory back in the very moment in which one of its threads was interrupted while it waited for some",
                "Restore it again, with --eager.");
        }

        FillAll();
        if (_remaining == 0)
        {
            Apply(message);
        }
    }

    private void Serve(ulong address)
    {
        if (Find(address) is not { } part)
        {
            // A mapping that has moved or grown: which one is told by an event at best, and that comes later.
            FillAll();
            _counters.AddFault(FaultKind.Shared, FaultOutcome.Repeated);
            _ = _process.Wake(address, ImageLayout.PageSize);
            return;
        }

        PlacementOutcome outcome = part.File.Serve(part, address, _fillAround.Window(address), out int placed);
        _fillAround.Placed(address + ((ulong)placed * ImageLayout.PageSize));
        if (outcome == PlacementOutcome.Deferred)
        {
            _deferred.Enqueue(address);
        }
        else if (outcome == PlacementOutcome.Installed && placed == 0)
        {
            _counters.Add(StateCounter.SharedZeroPages);
            _counters.AddFault(FaultKind.Shared, FaultOutcome.Zero);
        }
        else
        {
            _counters.AddFault(FaultKind.Shared, outcome == PlacementOutcome.Installed ? FaultOutcome.Continued : FaultOutcome.Unavailable);
        }

        Publish();
    }

    private void Retry()
    {
        for (int count = _deferred.Count; count > 0; count--)
        {
            Serve(_deferred.Dequeue());
        }
    }

    // Somebody waits with an event.
    private void FillAll()
    {
        while (!_stopping && Current() is { } file)
        {
            if (file.Advance(ImageLayout.PagesPerExtent) == PlacementOutcome.Deferred)
            {
                Thread.Sleep(SharedWait.Retry);
            }

            Publish();
        }
    }

    private SharedFile? Current()
    {
        foreach (SharedFile file in _files)
        {
            if (!file.IsExhausted)
            {
                return file;
            }
        }

        return null;
    }

    private void Publish()
    {
        long remaining = CountRemaining();
        _counters.Add(StateCounter.ContinuedPages, _remaining - remaining);
        Volatile.Write(ref _remaining, remaining);
    }

    private void Judge()
    {
        LazyRestoreException? problem = null;
        foreach (SharedFile file in _files)
        {
            problem ??= file.Problem;
        }

        if (problem is not null && (Current() is null || _options.OnPageError == PageErrorPolicy.Kill))
        {
            throw problem;
        }

        if (_remaining == 0)
        {
            // From here on, and not before, events may be read.
            Volatile.Write(ref _state.Header->SharedIsComplete, 1);
        }
    }
}
