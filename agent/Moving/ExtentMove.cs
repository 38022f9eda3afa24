namespace LazyRestore.Agent.Moving;

/// <summary>How far an extent is on its way through a slot of the mover.</summary>
internal enum MovePhase
{
    /// <summary>The slot is free.</summary>
    None,

    /// <summary>Its pages are being fetched into the slot.</summary>
    Filling,

    /// <summary>The mover has it.</summary>
    Submitted,

    /// <summary>The mover had it and the address space was changing; it is to be submitted again.</summary>
    Deferred,

    /// <summary>The mover has it, and is not to place it any more.</summary>
    Abandoned,

    /// <summary>The mover clears the slot's stage.</summary>
    Clearing,
}

/// <summary>The extent that is in a slot of the mover. Owned by the agent thread.</summary>
internal record struct ExtentMove
{
    /// <summary>How far it is.</summary>
    internal MovePhase Phase { get; set; }

    /// <summary>An index into the catalog.</summary>
    internal int Extent { get; init; }

    /// <summary>Where it goes in the process.</summary>
    internal ulong Address { get; init; }

    /// <summary>Whether nobody had asked for it.</summary>
    internal bool IsHydration { get; init; }

    /// <summary>How many pages are fetched.</summary>
    internal int Filled { get; set; }

    /// <summary>How long fetching them took, in ticks of the stopwatch.</summary>
    internal long FetchTime { get; set; }

    /// <summary>Whether it is copied out of the stage, since the kernel does not let go of the stage's pages.</summary>
    internal bool IsForced { get; set; }

    /// <summary>How often the mover has tried.</summary>
    internal int Attempts { get; set; }

    /// <summary>When the mover was told to place it first, in ticks of the stopwatch.</summary>
    internal long SubmittedAt { get; set; }

    /// <summary>When the first fault was read that waits for it, in ticks of the stopwatch.</summary>
    internal long WaitedSince { get; set; }

    /// <summary>How many faults wait for it.</summary>
    internal int Waiters { get; set; }

    /// <summary>Whether it holds an extent that is still to be placed.</summary>
    internal readonly bool IsUnderWay => Phase is MovePhase.Filling or MovePhase.Submitted or MovePhase.Deferred;

    /// <summary>Whether the slot is the mover's.</summary>
    internal readonly bool IsWithMover => Phase is MovePhase.Submitted or MovePhase.Abandoned or MovePhase.Clearing;
}
