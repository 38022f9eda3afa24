namespace LazyRestore.Agent.State;

/// <summary>The places of the counters in a state file, which a successor goes on counting with.</summary>
internal static class StateCounter
{
    internal const int DemandFaults = 0;
    internal const int CopiedPages = 1;
    internal const int ZeroPages = 2;
    internal const int HydratedPages = 3;
    internal const int AlreadyPresent = 4;
    internal const int Deferred = 5;
    internal const int Discarded = 6;
    internal const int DroppedPages = 7;
    internal const int DamagedPages = 8;
    internal const int ForkEvents = 9;
    internal const int RemapEvents = 10;
    internal const int RemoveEvents = 11;
    internal const int UnmapEvents = 12;
    internal const int Children = 13;
    internal const int Resumptions = 14;
    internal const int TotalPages = 15;

    /// <summary>The first bucket of the service times; bucket N counts those of 2^N to 2^(N+1) - 1 nanoseconds.</summary>
    internal const int FirstBucket = 16;

    internal const int BucketCount = 32;

    internal const int MovedPages = 48;
    internal const int MovedExtents = 49;
    internal const int ForceCopiedPages = 56;
    internal const int PoisonedPages = 60;

    /// <summary>These are counted by the thread that serves shared memory, all others by the one that serves private memory.</summary>
    internal const int SharedFaults = 57;
    internal const int SharedZeroPages = 58;
    internal const int ContinuedPages = 59;

    /// <summary>The first of the faults that have come to an end, by kind and outcome; those of shared memory come last.</summary>
    internal const int FirstFault = 64;
    internal const int OutcomeCapacity = 10;

    /// <summary>The sum of the service times, in nanoseconds.</summary>
    internal const int ServiceTime = 94;

    /// <summary>Faults that had to wait for their page to arrive, and how long those waited that were served then, in nanoseconds.</summary>
    internal const int AwaitedFaults = 95;
    internal const int AwaitedTime = 96;
    internal const int Capacity = 128;

    /// <summary>The place of the faults of a kind that came to an outcome.</summary>
    internal static int Fault(FaultKind kind, FaultOutcome outcome) => FirstFault + ((int)kind * OutcomeCapacity) + (int)outcome;
}
