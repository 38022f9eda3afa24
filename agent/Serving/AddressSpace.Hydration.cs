using System.Diagnostics;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

/// <summary>What a step of hydration came to.</summary>
internal enum HydrationStep
{
    /// <summary>There is more to do.</summary>
    Advanced,

    /// <summary>The address space is changing; events have to be read first.</summary>
    Deferred,

    /// <summary>The mover has all that it can hold.</summary>
    Awaiting,

    /// <summary>What comes next is on its way to the agent.</summary>
    Fetching,

    /// <summary>Nothing is left to bring.</summary>
    Exhausted,
}

internal sealed unsafe partial class AddressSpace
{
    private const int MostExtentsPerStep = 1024;

    // What hydration brings first, by addresses of the process: the working set, and mappings with few pages. Null before it begins.
    private Queue<(ulong Start, ulong End)>? _first;

    // Where hydration goes on, an address of the process, and where this pass ends.
    private ulong _cursor;
    private ulong _passEnd;

    // Whether only what comes first is brought for now.
    private bool _holdsBulk;

    // How many extents a source elsewhere is asked for ahead now.
    private int _extentsAhead;

    // Whether this pass over the regions has met a page that was lacking, so that another pass is due.
    private bool _foundLacking;

    /// <summary>Whether a whole pass has met no page that could be brought.</summary>
    internal bool IsExhausted { get; private set; }

    /// <summary>Brings pages that nobody has asked for yet.</summary>
    /// <param name="budget">How many pages at most.</param>
    /// <param name="holdBulk">Whether only what comes first is brought.</param>
    /// <param name="extentsAhead">How many extents a source elsewhere is asked for ahead.</param>
    internal HydrationStep Hydrate(int budget, bool holdBulk = false, int extentsAhead = 0)
    {
        _extentsAhead = extentsAhead;
        _first ??= FirstRanges();
        _holdsBulk = holdBulk;
        for (int extents = 0; extents < MostExtentsPerStep && budget > 0; extents++)
        {
            if (IsFilled || (holdBulk && _first.Count == 0 && _cursor >= _passEnd))
            {
                return HydrationStep.Exhausted;
            }

            if (!TryFindExtent(holdBulk, out ulong address, out int extent, out int first, out int end))
            {
                if (_cursor == 0 && IsMoving)
                {
                    return HydrationStep.Awaiting;
                }

                continue;
            }

            ulong origin = address - ((ulong)first * PageSize);
            if (_remote is not null && !IsHere(_remote, extent, first, end))
            {
                return HydrationStep.Fetching;
            }

            if (!_ledger.IsOpened(extent) && _ledger.Open(extent) != FetchOutcome.Ready)
            {
                PlacementOutcome damaged = Damaged(_catalog.Address(extent) + ((ulong)first * PageSize), address, end - first, out int passed);
                _cursor = address + ((ulong)passed * PageSize);
                if (damaged == PlacementOutcome.Deferred)
                {
                    return HydrationStep.Deferred;
                }

                if (damaged is PlacementOutcome.Gone || Failure is not null)
                {
                    IsGone |= damaged is PlacementOutcome.Gone;
                    return HydrationStep.Exhausted;
                }

                continue;
            }

            if (HydrateWhole(extent, origin, ref budget) is { } step)
            {
                if (step is HydrationStep.Awaiting or HydrationStep.Fetching)
                {
                    return step;
                }

                continue;
            }

            ExtentBits settled = _ledger.Settled(extent);
            int page = settled.NextClear(first);
            if (page >= end)
            {
                _cursor = origin + ((ulong)end * PageSize);
                continue;
            }

            int count = Math.Min(Math.Min(settled.NextSet(page), end) - page, budget);
            _cursor = origin + ((ulong)page * PageSize);
            PlacementOutcome outcome = HydrateRun(extent, page, count, out int placed);
            budget -= Math.Max(placed, 1);
            _cursor += (ulong)placed * PageSize;
            if (outcome == PlacementOutcome.Deferred)
            {
                return HydrationStep.Deferred;
            }

            if (IsGone || Failure is not null)
            {
                return HydrationStep.Exhausted;
            }
        }

        return HydrationStep.Advanced;
    }

    private PlacementOutcome HydrateRun(int extent, int page, int count, out int placed)
    {
        long start = Stopwatch.GetTimestamp();
        FetchOutcome outcomeOfFetch = _source.Fetch(extent, page, count, out FetchedPages fetched);
        if (outcomeOfFetch == FetchOutcome.Awaited)
        {
            // It was here a moment ago and has made room for something that somebody waits for.
            placed = 0;
            return PlacementOutcome.Deferred;
        }

        if (outcomeOfFetch != FetchOutcome.Ready)
        {
            // The pass goes on behind it; it stays lacking.
            PlacementOutcome damaged = Damaged(_catalog.Address(extent) + ((ulong)page * PageSize), _cursor, pages: 1, out placed);
            IsGone |= damaged == PlacementOutcome.Gone;
            return damaged;
        }

        _foundLacking = true;
        long fetchedAt = Stopwatch.GetTimestamp();
        PlacementOutcome outcome = Place(_cursor, extent, page, fetched, out placed);
        long now = Stopwatch.GetTimestamp();
        _tuner.Copied(extent, placed, fetchedAt - start, now - fetchedAt, now);
        _counters.Add(StateCounter.HydratedPages, placed);
        if (outcome == PlacementOutcome.Gone)
        {
            IsGone = true;
        }
        else if (outcome == PlacementOutcome.Deferred)
        {
            _counters.Add(StateCounter.Deferred);
        }
        else if (outcome == PlacementOutcome.Discarded)
        {
            return SettleIfMissing(_cursor, extent, page, fetched.Address, ref placed);
        }

        return outcome;
    }

    // No mapping there. A mapping that is on the move makes the kernel answer EAGAIN until its event is read, and nobody reads in between
    // here, so a second ENOENT in a row means that the page has no place to go to: memory that a fork left out (MADV_DONTFORK), or
    // whose registration has ended. Waiting for another turn instead would cost a wait for each such page.
    private PlacementOutcome SettleIfMissing(ulong address, int extent, int page, nint source, ref int placed)
    {
        PlacementResult again = _copy.Place(address + ((ulong)placed * PageSize), source + ((nint)placed * (nint)PageSize), PageSize);
        if (again.Outcome is not (PlacementOutcome.Discarded or PlacementOutcome.Installed))
        {
            // The next step comes to the page again.
            return PlacementOutcome.Deferred;
        }

        _counters.Add(again.Outcome == PlacementOutcome.Installed ? StateCounter.CopiedPages : StateCounter.Discarded);
        _ledger.Settle(extent, page + placed, 1);
        placed++;
        return PlacementOutcome.Installed;
    }

    /// <summary>Finds the extent at the cursor: where its pages lie in the process, and which of them the region has.</summary>
    private bool TryFindExtent(bool holdBulk, out ulong address, out int extent, out int first, out int end)
    {
        (address, extent, first, end) = (0, 0, 0, 0);
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        int index = RegionTable.FirstEndingAfter(regions, _cursor);
        if (index == regions.Length || regions[index].Start >= _passEnd || _cursor >= _passEnd)
        {
            BeginPass(holdBulk);
            return false;
        }

        RegionEntry region = regions[index].Within(_cursor, _passEnd);
        extent = _catalog.FirstEndingAfter(region.Image);
        if (extent == _catalog.Count || _catalog.Address(extent) >= region.ImageEnd)
        {
            _cursor = region.End;
            return false;
        }

        ulong image = Math.Max(region.Image, _catalog.Address(extent));
        address = region.Start + (image - region.Image);
        first = (int)((image - _catalog.Address(extent)) / PageSize);
        end = (int)Math.Min((region.ImageEnd - _catalog.Address(extent)) / PageSize, ExtentBits.PageCount);
        return true;
    }

    private void BeginPass(bool holdBulk)
    {
        if (_first!.TryDequeue(out (ulong Start, ulong End) range))
        {
            (_cursor, _passEnd) = range;
            return;
        }

        if (holdBulk)
        {
            _cursor = _passEnd;
            return;
        }

        IsExhausted = _passEnd == ulong.MaxValue && !_foundLacking && !IsMoving;
        _foundLacking = false;
        (_cursor, _passEnd) = (0, ulong.MaxValue);
    }

    // Stacks, heaps and data are small and needed at once; in what is large a process mostly touches little at a time.
    private Queue<(ulong Start, ulong End)> FirstRanges()
    {
        List<(RegionEntry Region, int Pages)> small = [];
        foreach (RegionEntry region in State.Regions)
        {
            int pages = CountPages(region);
            if (pages > 0 && pages <= _options.SmallMappingPages)
            {
                small.Add((region, pages));
            }
        }

        // Addresses of the image are those of the process before it has moved anything, and an advice after that.
        return new Queue<(ulong Start, ulong End)>(
        [
            .. (_options.WorkingSet?.Runs ?? []).Select(static run => (run.Address, run.Address + ((ulong)run.Pages * PageSize))),
            .. small.OrderBy(static candidate => candidate.Pages).Select(static candidate => (candidate.Region.Start, candidate.Region.End)),
        ]);
    }

    // Those of the extents that it shares with its neighbours are counted too.
    private int CountPages(RegionEntry region)
    {
        int pages = 0;
        for (int extent = _catalog.FirstEndingAfter(region.Image);
            extent < _catalog.Count && _catalog.Address(extent) < region.ImageEnd && pages <= _options.SmallMappingPages;
            extent++)
        {
            pages += _catalog.PresentPages(extent);
        }

        return pages;
    }

    // Pages may have moved to where this pass has been already.
    private void RestartHydration()
    {
        _foundLacking = true;
        IsExhausted = false;
    }
}
