using System.Diagnostics;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Serving;

// Whole extents, moved by a task inside the process.
//
// A copy is made by the agent thread itself, so it comes either before or after the reading of an event. A move is made by another task at
// a time of its own choosing, and that must not be between the reading of an event and the act that it announces, or later: the process
// would find content that it has thrown away. What keeps it right:
//
// - While an event is unread the kernel refuses moves (EAGAIN), so a move that was made came before every event that is unread.
// - Messages are read with the gate closed: no move is made from before the reading until the events are applied. At the moment of
//   closing every command is either finished, or will not be executed before the gate opens.
// - The finished ones are settled first. They came before the events that are read next, and a page that such an event drops is marked as
//   dropped although it is settled; a child that is born finds them settled in its own state, and has them.
// - The others are cancelled before the gate opens if an event touches their place in any way. The mover looks at the mark inside the
//   gate, so it cannot miss it. Cancelling is always right: the extent is still lacking and is brought in another way.
//
// Settling goes by extent and page of the image, not by address, so a mapping that has moved since does not matter. When an agent dies its
// mover may still execute what it was given; a successor ends the mover before it reads anything.
internal sealed unsafe partial class AddressSpace
{
    private const int MostAttempts = 64;
    private const int MostRefusalsInARow = 16;
    private const int FillStepPages = ImageLayout.PagesPerBlock;

    private ExtentMoves? _moves;

    // Many in a row mean that there is no point in it, such as when the process has made its memory read-only since.
    private int _refusalsInARow;

    /// <summary>Whether extents are on their way through the mover.</summary>
    internal bool IsMoving => _moves is { AnyUnderWay: true };

    /// <summary>The agent's end of the mover; null when there is none, or none any more.</summary>
    internal MoverRing? Mover => _moves?.Ring;

    /// <summary>Gives up on a mover that has ended.</summary>
    internal void LookAfterMover()
    {
        if (_moves is { } moves && moves.Ring.HasEnded())
        {
            LeaveMover(moves);
        }
    }

    // From here on no move is made until ReleaseMoves, and all that were made are settled.
    private void HoldMoves()
    {
        if (_moves is not { AnyWithMover: true } moves)
        {
            return;
        }

        if (moves.Ring.CloseGate())
        {
            Collect(moves);
        }
        else
        {
            LeaveMover(moves);
        }
    }

    private void ReleaseMoves()
    {
        if (_moves is not { } moves)
        {
            return;
        }

        moves.Ring.OpenGate();
        for (int slot = 0; slot < MoverLayout.Slots; slot++)
        {
            if (moves[slot].Phase == MovePhase.Deferred)
            {
                Submit(moves, slot, isStaged: true);
            }
        }
    }

    /// <summary>Takes what lies in a range out of the mover's hands. The gate is closed, or nothing is in its hands.</summary>
    private void CancelMoves(ulong start, ulong end)
    {
        if (_moves is not { AnyUnderWay: true } moves)
        {
            return;
        }

        for (int slot = 0; slot < MoverLayout.Slots; slot++)
        {
            ref ExtentMove move = ref moves[slot];
            if (!move.IsUnderWay || move.Address >= end || move.Address + ImageLayout.ExtentSpan <= start)
            {
                continue;
            }

            WakeWaiters(move);
            RestartHydration();
            if (move.Phase == MovePhase.Submitted)
            {
                moves.Ring.Cancel(slot);
                move.Phase = MovePhase.Abandoned;
            }
            else
            {
                moves.Free(slot);
            }
        }
    }

    /// <summary>Whether an extent can be moved to an address as a whole.</summary>
    /// <param name="moves">What is under way.</param>
    /// <param name="extent">The extent.</param>
    /// <param name="address">The address.</param>
    /// <param name="isAwaited">Whether somebody waits for it.</param>
    private bool CanMove(ExtentMoves moves, int extent, ulong address, bool isAwaited)
    {
        if (_catalog.PresentPages(extent) != ImageLayout.PagesPerExtent
            || address % ImageLayout.ExtentSpan != 0
            || moves.IsRefused(extent)
            || _refusalsInARow >= MostRefusalsInARow
            || _ledger.Settled(extent).NextSet(0) < ExtentBits.PageCount)
        {
            return false;
        }

        ReadOnlySpan<RegionEntry> regions = State.Regions;
        int index = RegionTable.Find(regions, address);
        return index >= 0
            && (regions[index].Flags & RegionEntry.Movable) != 0
            && regions[index].End - address >= ImageLayout.ExtentSpan
            && regions[index].Image + (address - regions[index].Start) == _catalog.Address(extent)
            && _tuner.IsToMove(extent, isAwaited, Stopwatch.GetTimestamp());
    }

    /// <summary>Has the mover bring the whole extent that a fault is in.</summary>
    /// <returns>Null when that cannot be.</returns>
    private PlacementOutcome? ServeWhole(PendingFault fault, int extent, int page)
    {
        if (_moves is not { } moves)
        {
            return null;
        }

        int slot = moves.SlotOf(extent);
        if (slot < 0)
        {
            ulong origin = fault.Address - ((ulong)page * PageSize);
            if ((_remote is not null && _remote.Whole(extent) != FetchOutcome.Ready) || !CanMove(moves, extent, origin, isAwaited: true))
            {
                return null;
            }

            slot = moves.TryTake(new ExtentMove { Extent = extent, Address = origin });
            if (slot < 0)
            {
                // A slot will be free in some hundred microseconds.
                return PlacementOutcome.Deferred;
            }
        }

        if (moves[slot].Phase == MovePhase.Filling && !Fill(moves, slot, ImageLayout.PagesPerExtent))
        {
            return null;
        }

        if (moves[slot].Waiters++ == 0)
        {
            moves[slot].WaitedSince = fault.ReadAt;
        }

        return PlacementOutcome.Awaited;
    }

    /// <summary>Has the mover bring the whole extent that hydration has come to.</summary>
    /// <returns>Null when that cannot be.</returns>
    private HydrationStep? HydrateWhole(int extent, ulong origin, ref int budget)
    {
        if (_moves is not { } moves)
        {
            return null;
        }

        int slot = moves.SlotOf(extent);
        if (slot < 0)
        {
            if (!CanMove(moves, extent, origin, isAwaited: false))
            {
                return null;
            }

            if (_remote is not null && _remote.Whole(extent) is var whole and not FetchOutcome.Ready)
            {
                return whole == FetchOutcome.Awaited ? HydrationStep.Fetching : null;
            }

            slot = moves.TryTake(new ExtentMove { Extent = extent, Address = origin, IsHydration = true });
            if (slot < 0)
            {
                return HydrationStep.Awaiting;
            }
        }

        if (moves[slot].Phase == MovePhase.Filling)
        {
            int pages = Math.Min(Math.Max(budget, FillStepPages) & -FillStepPages, ImageLayout.PagesPerExtent - moves[slot].Filled);
            budget -= pages;
            if (!Fill(moves, slot, pages))
            {
                return null;
            }
        }

        if (moves[slot].Phase != MovePhase.Filling)
        {
            _foundLacking = true;
            _cursor = origin + ImageLayout.ExtentSpan;
        }

        return HydrationStep.Advanced;
    }

    // Fetches further pages of an extent, and hands it to the mover when all are there.
    private bool Fill(ExtentMoves moves, int slot, int pages)
    {
        ref ExtentMove move = ref moves[slot];
        int count = Math.Min(pages, ImageLayout.PagesPerExtent - move.Filled);
        byte* destination = moves.Ring.Data(slot) + ((ulong)move.Filled * PageSize);
        long start = Stopwatch.GetTimestamp();
        if (_source.FetchInto(move.Extent, move.Filled, count, destination) != FetchOutcome.Ready)
        {
            // Copying finds out which pages cannot be had.
            moves.Refuse(move.Extent);
            moves.Free(slot);
            return false;
        }

        move.Filled += count;
        move.FetchTime += Stopwatch.GetTimestamp() - start;
        if (move.Filled == ImageLayout.PagesPerExtent)
        {
            Submit(moves, slot, isStaged: false);
        }

        return true;
    }

    private static void Submit(ExtentMoves moves, int slot, bool isStaged)
    {
        ref ExtentMove move = ref moves[slot];
        move.Phase = MovePhase.Submitted;
        move.SubmittedAt = move.Attempts++ == 0 ? Stopwatch.GetTimestamp() : move.SubmittedAt;
        moves.Ring.Place(slot, move.Address, isStaged, move.IsForced);
    }

    private void Collect(ExtentMoves moves)
    {
        for (int slot = 0; slot < MoverLayout.Slots; slot++)
        {
            if (!moves[slot].IsWithMover || moves.Ring.State(slot) != MoverLayout.Done)
            {
                continue;
            }

            moves.Ring.Reset(slot);
            if (moves[slot].Phase == MovePhase.Submitted)
            {
                Complete(moves, slot, moves.Ring.Result(slot));
            }
            else
            {
                moves.Free(slot);
            }
        }
    }

    private void Complete(ExtentMoves moves, int slot, PlacementResult result)
    {
        ref ExtentMove move = ref moves[slot];
        if (result.Outcome == PlacementOutcome.Deferred && move.Attempts < MostAttempts)
        {
            _counters.Add(StateCounter.Deferred);
            move.Phase = MovePhase.Deferred;
            return;
        }

        if (result.Errno == Interop.Errno.EBUSY && !move.IsForced)
        {
            // Something holds on to pages of the stage, such as a device that reads from them.
            move.IsForced = true;
            move.Phase = MovePhase.Deferred;
            return;
        }

        int pages = (int)(result.Bytes / PageSize);
        if (pages > 0)
        {
            _ledger.Settle(move.Extent, 0, pages);
            _counters.Add(move.IsForced ? StateCounter.CopiedPages : StateCounter.MovedPages, pages);
            _counters.Add(StateCounter.ForceCopiedPages, move.IsForced ? pages : 0);
            _counters.Add(StateCounter.HydratedPages, move.IsHydration ? pages : 0);
        }

        WakeWaiters(move);
        IsGone |= result.Outcome == PlacementOutcome.Gone;
        if (pages == ImageLayout.PagesPerExtent && move.IsForced)
        {
            // The next one gets pages that nothing holds on to.
            move.Phase = MovePhase.Clearing;
            moves.Ring.Clear(slot);
            return;
        }

        if (pages == ImageLayout.PagesPerExtent)
        {
            _refusalsInARow = 0;
            _tuner.Moved(move.FetchTime, move.SubmittedAt, Stopwatch.GetTimestamp());
            _counters.Add(StateCounter.MovedExtents);
            moves.Free(slot);
            return;
        }

        // Whatever keeps the kernel from it, copying gets the rest there, or finds out why not.
        moves.Refuse(move.Extent);
        RestartHydration();
        _refusalsInARow = pages == 0 ? _refusalsInARow + 1 : 0;
        move.Phase = MovePhase.Clearing;
        moves.Ring.Clear(slot);
    }

    // What it was given and has not finished may be placed or not: copying finds out, since it finds pages that are there.
    private void LeaveMover(ExtentMoves moves)
    {
        _moves = null;
        for (int slot = 0; slot < MoverLayout.Slots; slot++)
        {
            WakeWaiters(moves[slot]);
        }

        RestartHydration();
    }

    private void WakeWaiters(in ExtentMove move)
    {
        if (move.Waiters != 0)
        {
            _ = Fault.Wake(move.Address, ImageLayout.ExtentSpan);
            _counters.AddServiceTime((long)Stopwatch.GetElapsedTime(move.WaitedSince).TotalNanoseconds, move.Waiters);
        }
    }
}
