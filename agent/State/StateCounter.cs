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
    internal const int Capacity = 64;
}
