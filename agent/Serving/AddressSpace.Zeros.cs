using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// Memory of which the image holds nothing: what the process takes anew, from its heap above all. A fault there brings zero pages for its
/// neighbours, too, as a fault in stored memory brings stored ones.
/// </summary>
internal sealed unsafe partial class AddressSpace
{
    /// <summary>Serves a fault outside all regions, as in a heap that has grown since.</summary>
    private PlacementOutcome PlaceZerosOutside(ulong address, ReadOnlySpan<RegionEntry> regions)
    {
        int next = RegionTable.FirstEndingAfter(regions, address);
        return PlaceZeros(address, next < regions.Length ? regions[next].Start : ulong.MaxValue);
    }

    /// <summary>Serves a fault between the extents of a region.</summary>
    private PlacementOutcome PlaceZerosBetween(ulong address, in RegionEntry region)
    {
        int next = _catalog.FirstEndingAfter(region.Image + (address - region.Start));
        return PlaceZeros(
            address, next < _catalog.Count ? Math.Min(region.End, region.Start + (_catalog.Address(next) - region.Image)) : region.End);
    }

    /// <summary>Serves a fault on a page that its extent does not hold.</summary>
    private PlacementOutcome PlaceZerosWithin(ulong address, int page, ReadOnlySpan<ulong> presence, ulong regionEnd)
    {
        fixed (ulong* words = presence)
        {
            int nextStored = new ExtentBits(words).NextSet(page);
            return PlaceZeros(address, Math.Min(regionEnd, address + ((ulong)(nextStored - page) * PageSize)));
        }
    }

    /// <summary>Places zero pages from an address on.</summary>
    /// <param name="address">Somebody waits for the page there.</param>
    /// <param name="end">Where memory ends that is known to be zero, unless the process has written to it.</param>
    private PlacementOutcome PlaceZeros(ulong address, ulong end)
    {
        ulong window = IsRecording ? 1 : (ulong)_fillAround.Window(address);
        ulong length = Math.Min(window * PageSize, end - address);
        PlacementResult result = _zero.Place(address, source: 0, length);
        if (result.Outcome == PlacementOutcome.Discarded && length > PageSize)
        {
            // The neighbours lie in another mapping, or in none.
            length = PageSize;
            result = _zero.Place(address, source: 0, length);
        }

        switch (result.Outcome)
        {
            case PlacementOutcome.Installed:
                _came = FaultOutcome.Zero;
                _counters.Add(StateCounter.ZeroPages, (long)(result.Bytes / PageSize));
                _fillAround.Placed(address + result.Bytes);
                return PlacementOutcome.Installed;
            case PlacementOutcome.AlreadyPresent:
                _came = FaultOutcome.AlreadyPresent;
                _counters.Add(StateCounter.AlreadyPresent);
                _ = Fault.Wake(address, PageSize);
                return PlacementOutcome.Installed;
            default:
                return Explain(result, address);
        }
    }
}
