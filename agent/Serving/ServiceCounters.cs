using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// The counters of a service, in the state file of the restored process. Each is written by one thread alone; others read
/// values that may be a moment old.
/// </summary>
internal readonly unsafe struct ServiceCounters(PageState state)
{
    private readonly long* _counters = state.Header->Counters;

    /// <summary>The value of a <see cref="StateCounter"/>.</summary>
    internal long this[int counter] => Volatile.Read(ref _counters[counter]);

    /// <summary>Counts.</summary>
    internal void Add(int counter, long amount = 1) => Volatile.Write(ref _counters[counter], _counters[counter] + amount);

    /// <summary>Sets a value that is no sum.</summary>
    internal void Set(int counter, long value) => Volatile.Write(ref _counters[counter], value);

    /// <summary>Counts a fault that has come to an end.</summary>
    internal void AddFault(FaultKind kind, FaultOutcome outcome) => Add(StateCounter.Fault(kind, outcome));

    /// <summary>Counts faults by the time that each took.</summary>
    internal void AddServiceTime(long nanoseconds, int faults = 1)
    {
        int bucket = nanoseconds <= 1 ? 0 : Math.Min(BitOperations.Log2((ulong)nanoseconds), StateCounter.BucketCount - 1);
        Add(StateCounter.FirstBucket + bucket, faults);
        Add(StateCounter.ServiceTime, nanoseconds * faults);
    }

    /// <summary>All values, for others.</summary>
    internal PageStatistics Snapshot(long remaining)
    {
        return new PageStatistics
        {
            PagesRemaining = remaining,
            DemandFaults = this[StateCounter.DemandFaults] + this[StateCounter.SharedFaults],
            CopiedPages = this[StateCounter.CopiedPages],
            MovedPages = this[StateCounter.MovedPages],
            ForceCopiedPages = this[StateCounter.ForceCopiedPages],
            MovedExtents = this[StateCounter.MovedExtents],
            ContinuedPages = this[StateCounter.ContinuedPages],
            ZeroPages = this[StateCounter.ZeroPages] + this[StateCounter.SharedZeroPages],
            HydratedPages = this[StateCounter.HydratedPages],
            AlreadyPresent = this[StateCounter.AlreadyPresent],
            Deferred = this[StateCounter.Deferred],
            Discarded = this[StateCounter.Discarded],
            DroppedPages = this[StateCounter.DroppedPages],
            DamagedPages = this[StateCounter.DamagedPages],
            PoisonedPages = this[StateCounter.PoisonedPages],
            ForkEvents = this[StateCounter.ForkEvents],
            RemapEvents = this[StateCounter.RemapEvents],
            RemoveEvents = this[StateCounter.RemoveEvents],
            UnmapEvents = this[StateCounter.UnmapEvents],
            Faults = new FaultTable(Copy(StateCounter.FirstFault, FaultTable.Length)),
            AwaitedFaults = this[StateCounter.AwaitedFaults],
            AwaitedTime = Time(this[StateCounter.AwaitedTime]),
            ServiceTimes = Copy(StateCounter.FirstBucket, StateCounter.BucketCount),
            ServiceTime = Time(this[StateCounter.ServiceTime]),
        };
    }

    private static TimeSpan Time(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    private ImmutableArray<long> Copy(int first, int count)
    {
        long[] values = new long[count];
        for (int place = 0; place < count; place++)
        {
            values[place] = this[first + place];
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(values);
    }
}
