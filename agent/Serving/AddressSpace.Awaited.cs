using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

// Pages that take a while to come. A fault whose page is on its way is put aside, so that others are served meanwhile, and tried again when
// something has arrived. Hydration stays at its place until that has come, and asks for what lies ahead.
internal sealed unsafe partial class AddressSpace
{
    private const int MostExtentsLookedAt = 512;

    private readonly IAwaitedPageSource? _remote;
    private readonly List<PendingFault> _awaited = [];

    /// <summary>Something has arrived: faults that waited for it are tried again.</summary>
    internal void RetryAwaited()
    {
        foreach (PendingFault fault in _awaited)
        {
            if (!_faults.TryAdd(fault with { WasAwaited = true }))
            {
                _counters.AddFault(fault.Kind, FaultOutcome.Repeated);
                _ = Fault.Wake(fault.Address, PageSize);
            }
        }

        _awaited.Clear();
    }

    private PlacementOutcome Lack(FetchOutcome outcome, ulong image, ulong address) =>
        outcome == FetchOutcome.Awaited ? PlacementOutcome.Fetching : Damaged(image, address);

    /// <summary>Whether what hydration has come to is here, or can certainly not be had; otherwise it is asked for, if that is of use now.</summary>
    private bool IsHere(IAwaitedPageSource remote, int extent, int first, int end)
    {
        // What a process needs first is asked for in any case.
        bool isFirst = _passEnd != ulong.MaxValue;
        _extentsAhead = isFirst ? remote.ExtentsAhead : _extentsAhead;
        if (_extentsAhead == 0)
        {
            return Look(remote, extent, first, end) != FetchOutcome.Awaited;
        }

        FetchOutcome outcome = AskAhead(remote, extent, first, end) ?? FetchOutcome.Ready;
        int asked = 0;
        int looked = 0;
        bool goesOn = AskWithin(remote, _cursor, _passEnd, ref asked, ref looked);
        foreach ((ulong start, ulong rangeEnd) in _first!)
        {
            goesOn = goesOn && AskWithin(remote, start, rangeEnd, ref asked, ref looked);
        }

        if (goesOn && isFirst && !_holdsBulk)
        {
            _ = AskWithin(remote, 0, ulong.MaxValue, ref asked, ref looked);
        }

        return outcome != FetchOutcome.Awaited;
    }

    private bool AskWithin(IAwaitedPageSource remote, ulong from, ulong to, ref int asked, ref int looked)
    {
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        for (int index = RegionTable.FirstEndingAfter(regions, from); index < regions.Length && regions[index].Start < to; index++)
        {
            RegionEntry region = regions[index].Within(from, to);
            for (int extent = _catalog.FirstEndingAfter(region.Image); extent < _catalog.Count; extent++)
            {
                ulong address = _catalog.Address(extent);
                if (address >= region.ImageEnd)
                {
                    break;
                }

                if (asked == _extentsAhead || ++looked > MostExtentsLookedAt)
                {
                    return false;
                }

                int first = (int)((Math.Max(region.Image, address) - address) / PageSize);
                int end = (int)Math.Min((region.ImageEnd - address) / PageSize, ExtentBits.PageCount);
                asked += AskAhead(remote, extent, first, end) is null ? 0 : 1;
            }
        }

        return true;
    }

    // Null when nothing is lacking there.
    private FetchOutcome? AskAhead(IAwaitedPageSource remote, int extent, int first, int end) =>
        IsLacking(extent, ref first, end) ? remote.AskAhead(extent, first, end) : null;

    private FetchOutcome Look(IAwaitedPageSource remote, int extent, int first, int end) =>
        IsLacking(extent, ref first, end) ? remote.Look(extent, first, end) : FetchOutcome.Ready;

    private bool IsLacking(int extent, ref int first, int end)
    {
        first = _ledger.IsOpened(extent) ? _ledger.Settled(extent).NextClear(first) : first;
        return first < end;
    }
}
