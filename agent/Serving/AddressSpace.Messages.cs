using System.Diagnostics;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.State;
using Microsoft.Win32.SafeHandles;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Serving;

internal sealed unsafe partial class AddressSpace
{
    private MoveEchoes _echoes;
    private int _lastRead = StateHeader.MessageCapacity;
    private int _forksToSkip;

    /// <summary>Reads messages without waiting, applies the events among them, and serves the faults.</summary>
    /// <returns>How many messages were read.</returns>
    internal int Drain()
    {
        const int Enough = 4 * StateHeader.MessageCapacity;
        int total = 0;
        int count;
        do
        {
            HoldMoves();
            count = ReadMessages();
            ApplyMessages(0, count, replay: false);
            ReleaseMoves();
            ServePending();
            total += count;
        }
        while (count == StateHeader.MessageCapacity && total < Enough && Failure is null);
        return total;
    }

    // The kernel writes the messages into the state file. Processed goes to 0 only once the buffer holds none of those before, so a
    // successor finds there what was handed out and not applied, and nothing else.
    private int ReadMessages()
    {
        uffd_msg* messages = StateHeader.MessagesOf(State.Header);
        State.SetProcessed(StateHeader.MessageCapacity);
        new Span<uffd_msg>(messages, _lastRead).Clear();
        State.Header->ForksAreKept = 0;
        State.SetProcessed(0);
        int count = Fault.Read(messages, StateHeader.MessageCapacity);
        _lastRead = Math.Max(count, 0);
        if (count >= 0)
        {
            KeepUnborn(messages, count);
            return count;
        }

        if (count is not (-Interop.Errno.EAGAIN or -Interop.Errno.EINTR))
        {
            Failure ??= new NativeException("read", -count, "userfaultfd");
        }

        return 0;
    }

    private void ApplyMessages(int first, int end, bool replay)
    {
        uffd_msg* messages = StateHeader.MessagesOf(State.Header);
        long now = Stopwatch.GetTimestamp();
        for (int index = first; index < end; index++)
        {
            uffd_msg* message = messages + index;
            switch (message->@event)
            {
                case UFFD_EVENT_PAGEFAULT:
                    if (!replay)
                    {
                        AddFault(
                            message->pagefault_address & ~(PageSize - 1),
                            (message->pagefault_flags & UFFD_PAGEFAULT_FLAG_WRITE) == 0 ? FaultKind.Read : FaultKind.Write, now);
                    }

                    continue;
                case UFFD_EVENT_REMOVE:
                    _counters.Add(StateCounter.RemoveEvents);
                    CancelMoves(message->remove_start, message->remove_end);
                    Drop(message->remove_start, message->remove_end);
                    State.SetProcessed(index + 1);
                    break;
                case UFFD_EVENT_UNMAP:
                    _counters.Add(StateCounter.UnmapEvents);
                    CancelMoves(message->remove_start, message->remove_end);
                    Unmap(message->remove_start, message->remove_end, index + 1);
                    break;
                case UFFD_EVENT_REMAP:
                    _counters.Add(StateCounter.RemapEvents);
                    CancelMoves(message->remap_from, message->remap_from + message->remap_len);
                    CancelMoves(message->remap_to, message->remap_to + message->remap_len);
                    Remap(message->remap_from, message->remap_to, message->remap_len, index + 1);
                    break;
                case UFFD_EVENT_FORK when _forksToSkip == 0:
                    _counters.Add(StateCounter.ForkEvents);
                    AddChild(Unborn.Dequeue());
                    State.SetProcessed(index + 1);
                    break;
                case UFFD_EVENT_FORK:
                    _forksToSkip--;
                    break;
                default:
                    continue;
            }

            _events++;
        }
    }

    private void AddFault(ulong address, FaultKind kind, long now)
    {
        _counters.Add(StateCounter.DemandFaults);
        if (!_faults.TryAdd(new PendingFault(address, now, Kind: kind)))
        {
            _counters.AddFault(kind, FaultOutcome.Repeated);

            // The thread faults again, and its message waits in the kernel until there is room.
            _ = Fault.Wake(address, PageSize);
        }
    }

    private void Drop(ulong start, ulong end)
    {
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        for (int index = RegionTable.FirstEndingAfter(regions, start); index < regions.Length && regions[index].Start < end; index++)
        {
            RegionEntry part = regions[index].Within(start, end);
            _counters.Add(StateCounter.DroppedPages, _ledger.Drop(part.Image, part.ImageEnd));
        }
    }

    private void Unmap(ulong start, ulong end, int processed)
    {
        if (_echoes.TryTake(start, end) || !Overlaps(start, end))
        {
            State.SetProcessed(processed);
            return;
        }

        Drop(start, end);
        SetRegions(RegionTable.Remove(State.Regions, start, end, State.NextRegions), processed);
    }

    private void Remap(ulong from, ulong to, ulong length, int processed)
    {
        Drop(to, to + length);
        SetRegions(RegionTable.Move(State.Regions, from, to, length, State.NextRegions), processed);
        _echoes.Expect(from, from + length);
        RestartHydration();
    }

    private bool Overlaps(ulong start, ulong end)
    {
        ReadOnlySpan<RegionEntry> regions = State.Regions;
        int index = RegionTable.FirstEndingAfter(regions, start);
        return index < regions.Length && regions[index].Start < end;
    }

    private void SetRegions(int count, int processed)
    {
        if (count < 0)
        {
            Failure ??= new LazyRestoreException(
                FailureReason.Failed, "the process has cut its memory into more pieces than the agent can follow", "Restore with --eager.");
            return;
        }

        State.SetRegions(count, processed);
    }

    // Until they are parked the descriptors of children are safe from a killed agent only, which has its keeper.
    private void KeepUnborn(uffd_msg* messages, int count)
    {
        bool found = false;
        for (int index = 0; index < count; index++)
        {
            if (messages[index].@event == UFFD_EVENT_FORK)
            {
                Unborn.Enqueue(new UserFault(new SafeFileHandle((int)messages[index].fork_ufd, ownsHandle: true)));
                found = true;
            }
        }

        if (found)
        {
            _keeper.Keep();
            State.Header->ForksAreKept = 1;
        }
    }

    // Of the forks that are to be replayed, the first one may lack a descriptor: the agent died after the child had got its state and
    // before the message was marked.
    private void SkipForksThatWereApplied()
    {
        uffd_msg* messages = StateHeader.MessagesOf(State.Header);
        int forks = 0;
        for (int index = State.Processed; index < StateHeader.MessageCapacity; index++)
        {
            forks += messages[index].@event == UFFD_EVENT_FORK ? 1 : 0;
        }

        _forksToSkip = forks - Unborn.Count;
    }

    private void AddChild(UserFault fault)
    {
        AddressSpace child = new(fault, State.CreateChild(_catalog.Count), _source, _options, _counters, _tuner, _keeper);
        child.Wipe();
        _counters.Add(StateCounter.Children);
        _keeper.Adopt(child);
    }

    // What the process has marked MADV_WIPEONFORK is zero in a child.
    private void Wipe()
    {
        foreach (RegionEntry region in State.Regions)
        {
            if ((region.Flags & RegionEntry.WipeOnFork) != 0)
            {
                _ = _ledger.Drop(region.Image, region.ImageEnd);
            }
        }
    }
}
