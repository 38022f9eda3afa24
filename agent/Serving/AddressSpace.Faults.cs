using System.Diagnostics;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

internal sealed unsafe partial class AddressSpace
{
    private int _lastErrno;

    // What the fault came to that is being served, where PlacementOutcome says no more than that its thread goes on.
    private FaultOutcome _came;

    /// <summary>Serves the faults that wait; those that cannot be served yet go on waiting.</summary>
    internal void ServePending()
    {
        for (int count = _faults.Count; count > 0 && !IsGone; count--)
        {
            PendingFault fault = _faults.Take();
            _came = FaultOutcome.Copied;
            switch (Serve(fault))
            {
                case PlacementOutcome.Deferred:
                    _counters.Add(StateCounter.Deferred);
                    _ = _faults.TryAdd(fault);
                    break;
                case PlacementOutcome.Discarded when fault.MissedAt != _events:
                    _ = _faults.TryAdd(fault with { MissedAt = _events });
                    break;
                case PlacementOutcome.Discarded:
                    // Nothing is registered there any more: the thread finds out for itself what it is to get.
                    _counters.Add(StateCounter.Discarded);
                    _counters.AddFault(fault.Kind, FaultOutcome.Discarded);
                    _ = Fault.Wake(fault.Address, PageSize);
                    break;
                case PlacementOutcome.Gone:
                    IsGone = true;
                    break;
                case PlacementOutcome.Fetching:
                    _counters.Add(StateCounter.AwaitedFaults, fault.WasAwaited ? 0 : 1);
                    _awaited.Add(fault);
                    break;
                case PlacementOutcome.Failed:
                    _counters.AddFault(fault.Kind, FaultOutcome.Unavailable);
                    break;
                case PlacementOutcome.Awaited:
                    _counters.AddFault(fault.Kind, FaultOutcome.Moved);
                    break;
                default:
                    CountServed(fault);
                    break;
            }
        }
    }

    private void CountServed(PendingFault fault)
    {
        long took = (long)Stopwatch.GetElapsedTime(fault.ReadAt).TotalNanoseconds;
        _counters.AddFault(fault.Kind, _came);
        _counters.AddServiceTime(took);
        _counters.Add(StateCounter.AwaitedTime, fault.WasAwaited ? took : 0);
    }

    private PlacementOutcome Serve(PendingFault fault)
    {
        ulong address = fault.Address;
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        int region = RegionTable.Find(regions, address);
        if (region < 0)
        {
            return PlaceZerosOutside(address, regions);
        }

        ulong image = regions[region].Image + (address - regions[region].Start);
        int extent = _catalog.Find(image);
        if (extent < 0)
        {
            return PlaceZerosBetween(address, regions[region]);
        }

        int page = (int)((image - _catalog.Address(extent)) / PageSize);
        if (_ledger.Dropped(extent).Contains(page))
        {
            return PlaceZeros(address, address + PageSize);
        }

        // Asked for together, the head of an extent and its page take one turn.
        if (_remote is not null && _remote.OpenFor(extent, page, NeighboursPages) is var outcomeOfOpen and not FetchOutcome.Ready)
        {
            return Lack(outcomeOfOpen, image, address);
        }

        if (_source.Open(extent, out ReadOnlySpan<ulong> presence) != FetchOutcome.Ready
            || (!_ledger.IsOpened(extent) && _ledger.Open(extent) != FetchOutcome.Ready))
        {
            return Damaged(image, address);
        }

        if (fault.WasAwaited && _ledger.Settled(extent).Contains(page))
        {
            // It came in another way meanwhile; a thread that still lacks it says so again.
            _came = FaultOutcome.AlreadyPresent;
            _ = Fault.Wake(address, PageSize);
            return PlacementOutcome.Installed;
        }

        bool isStored = (presence[page >> 6] >> (page & 63) & 1) != 0;
        if (isStored && _isPushed && _ledger.Settled(extent).Contains(page))
        {
            // Pushed between the fault and now; nobody has it a second time.
            _came = FaultOutcome.AlreadyPresent;
            _ = Fault.Wake(address, PageSize);
            return PlacementOutcome.Installed;
        }

        if (isStored && IsRecording)
        {
            Recorder!.Touch(image);
        }
        else if (ServeWhole(fault, extent, page) is { } outcome)
        {
            return outcome;
        }

        return isStored
            ? ServeFromImage(address, extent, page, regions[region].End)
            : PlaceZerosWithin(address, page, presence, regions[region].End);
    }

    private bool IsRecording => Recorder is { IsOpen: true };

    private PlacementOutcome ServeFromImage(ulong address, int extent, int page, ulong regionEnd)
    {
        int window = IsRecording ? 1 : _fillAround.Window(address);
        int limit = (int)Math.Min((ulong)Math.Min(window, ExtentBits.PageCount - page), (regionEnd - address) / PageSize);

        // The page itself is asked for whatever its bit says; its neighbours only while they are lacking.
        int count = limit == 1 ? 1 : Math.Max(1, Math.Min(_ledger.Settled(extent).NextSet(page), page + limit) - page);
        FetchOutcome outcomeOfFetch = _source.Fetch(extent, page, count, out FetchedPages fetched);
        if (outcomeOfFetch != FetchOutcome.Ready)
        {
            return Lack(outcomeOfFetch, _catalog.Address(extent) + ((ulong)page * PageSize), address);
        }

        PlacementOutcome outcome = Place(address, extent, page, fetched, out int placed);
        _fillAround.Placed(address + ((ulong)placed * PageSize));

        // The rest of the window was a favour.
        return placed > 0 ? PlacementOutcome.Installed : outcome;
    }

    /// <summary>Places pages, going on from wherever the kernel stops.</summary>
    private PlacementOutcome Place(ulong address, int extent, int page, FetchedPages pages, out int placed)
    {
        placed = 0;
        int step = pages.Pages;
        while (placed < pages.Pages)
        {
            ulong done = (ulong)placed * PageSize;
            int wanted = Math.Min(step, pages.Pages - placed);
            PlacementResult result = _copy.Place(address + done, pages.Address + (nint)done, (ulong)wanted * PageSize);
            int settled = 1;
            if (result.Outcome == PlacementOutcome.Installed)
            {
                settled = (int)(result.Bytes / PageSize);
                _counters.Add(StateCounter.CopiedPages, settled);
            }
            else if (result.Outcome == PlacementOutcome.AlreadyPresent)
            {
                // Somebody may have begun to wait for it before it came.
                _counters.Add(StateCounter.AlreadyPresent);
                _came = placed == 0 ? FaultOutcome.AlreadyPresent : _came;
                _ = Fault.Wake(address + done, PageSize);
            }
            else if (result.Outcome == PlacementOutcome.Discarded && wanted > 1)
            {
                // The pages lie in more than one mapping: the process has changed the protection of some.
                step = wanted / 2;
                continue;
            }
            else
            {
                return Explain(result, address + done);
            }

            _ledger.Settle(extent, page + placed, settled);
            placed += settled;
        }

        return PlacementOutcome.Installed;
    }

    private PlacementOutcome Explain(PlacementResult result, ulong address)
    {
        if (result.Outcome != PlacementOutcome.Failed)
        {
            return result.Outcome;
        }

        if (result.Errno == Interop.Errno.ENOMEM)
        {
            return PlacementOutcome.Deferred;
        }

        _lastErrno = result.Errno;
        Failure ??= new NativeException("ioctl(UFFDIO_COPY)", _lastErrno, $"page 0x{address:x}");
        return PlacementOutcome.Failed;
    }
}
