using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

// Pages that others push are placed as they come.
internal sealed unsafe partial class AddressSpace
{
    /// <summary>Places those of pushed pages that are lacking; the others are left as they are.</summary>
    /// <returns>False when the address space is changing: it is to be done again when events have been read.</returns>
    internal bool PlacePushed(in PushedRun run)
    {
        if (IsGone || Failure is not null || (!_ledger.IsOpened(run.Extent) && _ledger.Open(run.Extent) != FetchOutcome.Ready))
        {
            return true;
        }

        ExtentBits settled = _ledger.Settled(run.Extent);
        for (int page = settled.NextClear(run.Page); page < run.End; page = settled.NextClear(page))
        {
            PlacementOutcome outcome = PlacePushed(run, page, Math.Min(settled.NextSet(page), run.End) - page, out int placed);
            _counters.Add(StateCounter.HydratedPages, placed);
            if (outcome == PlacementOutcome.Deferred)
            {
                _counters.Add(StateCounter.Deferred);
                return false;
            }

            IsGone |= outcome == PlacementOutcome.Gone;
            if (IsGone || Failure is not null)
            {
                return true;
            }

            page += Math.Max(placed, 1);
        }

        return true;
    }

    private PlacementOutcome PlacePushed(in PushedRun run, int page, int count, out int placed)
    {
        placed = 0;
        ulong image = _catalog.Address(run.Extent) + ((ulong)page * PageSize);
        foreach (RegionEntry region in State.Regions)
        {
            if (image < region.Image || image >= region.ImageEnd)
            {
                continue;
            }

            ulong address = region.Start + (image - region.Image);
            nint source = run.AddressOf(page);
            PlacementOutcome outcome = Place(
                address, run.Extent, page, new FetchedPages(source, (int)Math.Min((ulong)count, (region.ImageEnd - image) / PageSize)), out placed);
            return outcome == PlacementOutcome.Discarded ? SettleIfMissing(address, run.Extent, page, source, ref placed) : outcome;
        }

        return PlacementOutcome.Discarded;
    }
}
