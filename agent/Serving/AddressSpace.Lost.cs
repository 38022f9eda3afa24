using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

// Pages that cannot be had, for good or within the patience of whoever waits for them.
internal sealed unsafe partial class AddressSpace
{
    // By image address. Whoever touches one waits, or gets a signal.
    private readonly HashSet<ulong> _damaged = [];

    /// <summary>How many faults wait for pages that are on their way.</summary>
    internal int AwaitedFaults => _awaited.Count;

    /// <summary>When the first of them was read, in ticks of the stopwatch; <see cref="long.MaxValue"/> when there is none.</summary>
    internal long AwaitedSince
    {
        get
        {
            long since = long.MaxValue;
            foreach (PendingFault fault in _awaited)
            {
                since = Math.Min(since, fault.ReadAt);
            }

            return since;
        }
    }

    /// <summary>Whether some page cannot be had, and whoever touches it waits.</summary>
    internal bool IsDamaged => _damaged.Count > 0 && !Poisons;

    private bool Poisons => _options.OnPageError == PageErrorPolicy.SigBus;

    /// <summary>
    /// The patience of those is over who have waited since then or longer: they get a signal. Their pages are still lacking, and take the
    /// place of the mark when they come.
    /// </summary>
    internal void PoisonAwaited(long since)
    {
        for (int index = _awaited.Count - 1; index >= 0; index--)
        {
            _came = FaultOutcome.Discarded;
            if (_awaited[index].ReadAt <= since && Poison(_awaited[index].Address) != PlacementOutcome.Deferred)
            {
                CountServed(_awaited[index]);
                _awaited.RemoveAt(index);
            }
        }
    }

    // A page that somebody has touched.
    private PlacementOutcome Damaged(ulong image, ulong address)
    {
        ReportDamage(image);
        return Poisons ? PoisonForGood(address) : PlacementOutcome.Failed;
    }

    // Pages that hydration has come to. None may be left as it is when they raise a signal: it would read as zero one day.
    private PlacementOutcome Damaged(ulong image, ulong address, int pages, out int passed)
    {
        ReportDamage(image);
        passed = Poisons ? 0 : pages;
        PlacementOutcome outcome = PlacementOutcome.Failed;
        while (passed < pages)
        {
            outcome = PoisonForGood(address + ((ulong)passed * PageSize));
            if (outcome is not (PlacementOutcome.Installed or PlacementOutcome.Discarded))
            {
                break;
            }

            passed++;
        }

        return outcome;
    }

    private void ReportDamage(ulong image)
    {
        if (_damaged.Add(image))
        {
            _counters.Add(StateCounter.DamagedPages);
        }
    }

    private PlacementOutcome Poison(ulong address)
    {
        PlacementResult result = Fault.Poison(address, PageSize);
        switch (result.Outcome)
        {
            case PlacementOutcome.Installed:
                _came = FaultOutcome.Poisoned;
                _counters.Add(StateCounter.PoisonedPages);
                return PlacementOutcome.Installed;
            case PlacementOutcome.AlreadyPresent:
                _came = FaultOutcome.AlreadyPresent;
                _ = Fault.Wake(address, PageSize);
                return PlacementOutcome.Installed;
            default:
                return Explain(result, address);
        }
    }

    private PlacementOutcome PoisonForGood(ulong address)
    {
        PlacementOutcome outcome = Poison(address);
        if (outcome == PlacementOutcome.Installed)
        {
            SettleAt(address);
        }

        return outcome;
    }

    private void SettleAt(ulong address)
    {
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        int region = RegionTable.Find(regions, address);
        ulong image = region < 0 ? 0 : regions[region].Image + (address - regions[region].Start);
        if (region >= 0 && _catalog.Find(image) is >= 0 and int extent && _ledger.IsOpened(extent))
        {
            _ledger.Settle(extent, (int)((image - _catalog.Address(extent)) / PageSize), 1);
        }
    }
}
