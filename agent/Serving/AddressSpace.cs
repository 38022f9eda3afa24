using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Placing;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.Agent.Tuning;
using LazyRestore.Agent.WorkingSets;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// One address space that is being filled: that of the restored process, or of a child that it forked. Owned by the agent thread.
/// </summary>
internal sealed unsafe partial class AddressSpace : IDisposable
{
    private const ulong PageSize = 4096;

    // What a fault brings at least where all memory is to come anyway: a page more costs a hundredth of a fault.
    private const int NeighboursPages = 16;

    private readonly IPageSource _source;
    private readonly bool _isPushed;
    private readonly ExtentCatalog _catalog;
    private readonly PageServiceOptions _options;
    private readonly ServiceCounters _counters;
    private readonly PlacementTuner _tuner;
    private readonly IChildKeeper _keeper;
    private readonly PageLedger _ledger;
    private readonly CopyPlacement _copy;
    private readonly ZeroPlacement _zero;
    private readonly FaultQueue _faults = new();
    private readonly FillAround _fillAround;

    // How many events were applied; tells whether anything may have changed in between.
    private long _events;

    /// <summary>Takes up an address space.</summary>
    /// <param name="fault">Its userfaultfd; owned.</param>
    /// <param name="state">Its state; owned.</param>
    /// <param name="source">Where pages come from.</param>
    /// <param name="options">How to work.</param>
    /// <param name="counters">The service's counters.</param>
    /// <param name="tuner">The tuner of the source.</param>
    /// <param name="keeper">Who keeps forked children safe.</param>
    /// <param name="mover">The agent's end of the mover; null when it has none. It stays the caller's.</param>
    internal AddressSpace(
        UserFault fault, PageState state, IPageSource source, PageServiceOptions options, ServiceCounters counters, PlacementTuner tuner,
        IChildKeeper keeper, MoverRing? mover = null)
    {
        Fault = fault;
        State = state;
        _source = source;
        _remote = source as IAwaitedPageSource;
        _isPushed = source is PushedPageSource;
        _catalog = source.Catalog;
        _options = options;
        _counters = counters;
        _tuner = tuner;
        _keeper = keeper;
        _ledger = new PageLedger(state, source);
        _copy = new CopyPlacement(fault);
        _zero = new ZeroPlacement(fault);
        _moves = mover is null ? null : new ExtentMoves(mover);
        int limit = Math.Clamp(options.FillAroundLimitPages, 1, ExtentBits.PageCount);
        _fillAround = new FillAround(limit, options.Hydration == HydrationOrder.None ? 1 : Math.Min(limit, NeighboursPages));
        fault.SetNonBlocking();
    }

    /// <summary>The userfaultfd.</summary>
    internal UserFault Fault { get; }

    /// <summary>What outlives the agent.</summary>
    internal PageState State { get; }

    /// <summary>The userfaultfds of children whose fork was read and not yet applied, in the order of the messages.</summary>
    internal Queue<UserFault> Unborn { get; } = new();

    /// <summary>Whether the process has ended, or executed another program.</summary>
    internal bool IsGone { get; private set; }

    /// <summary>Whether faults wait that could not be served yet.</summary>
    internal bool HasPendingFaults => _faults.Count > 0;

    /// <summary>Notes what is touched first; null when nobody wants to know.</summary>
    internal WorkingSetRecorder? Recorder { get; init; }

    /// <summary>How many pages of the image it lacks.</summary>
    internal long Remaining => _ledger.Remaining;

    /// <summary>Whether every page is there that can be had.</summary>
    internal bool IsFilled => _ledger.Remaining == 0 || IsExhausted;

    /// <summary>What makes further work pointless; null while there is nothing.</summary>
    internal LazyRestoreException? Failure { get; private set; }

    /// <summary>
    /// Applies what a former agent had read and not applied, and wakes everyone, so that the faults that it had read are announced again.
    /// Guarded by the test ASuccessorGoesOnAfterAnAbruptEnd.
    /// </summary>
    internal void Recover()
    {
        SkipForksThatWereApplied();
        ApplyMessages(State.Processed, StateHeader.MessageCapacity, replay: true);
        State.SetProcessed(StateHeader.MessageCapacity);
        const ulong LowestAddress = 0x10000;
        const ulong HighestAddress = 0x7FFF_FFFF_F000;
        _ = Fault.Wake(LowestAddress, HighestAddress - LowestAddress);
    }

    /// <summary>
    /// Lets the kernel serve what is still missing, which is zero, so that nobody has to wait until the last holder lets go of the
    /// userfaultfd. Only for an address space that lacks nothing.
    /// </summary>
    internal void Release()
    {
        foreach (RegionEntry region in State.Regions)
        {
            _ = Fault.Unregister(region.Start, region.Length);
        }
    }

    /// <summary>Finds out whether the address space is gone, which the kernel does not announce.</summary>
    internal bool ProbeGone()
    {
        IsGone = IsGone || Fault.IsGone(UnregisteredAddress);
        return IsGone;
    }

    /// <summary>Whether the process is about to change its address space, and the event of that has not been read yet.</summary>
    internal bool IsChanging => Fault.IsChanging;

    private ulong UnregisteredAddress
    {
        get
        {
            const ulong Low = 0x10000;
            const ulong High = 0x7FFF_FFFF_E000;
            return RegionTable.Find(State.Regions, Low) < 0 ? Low : High;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (UserFault unborn in Unborn)
        {
            unborn.Dispose();
        }

        _faults.Dispose();
        Fault.Dispose();
        State.Dispose();
    }
}
