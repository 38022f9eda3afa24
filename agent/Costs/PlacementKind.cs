namespace LazyRestore.Agent.Costs;

/// <summary>What is done to pages when their cost is measured.</summary>
public enum PlacementKind
{
    /// <summary>UFFDIO_COPY of pages that are in memory.</summary>
    Copy,

    /// <summary>UFFDIO_MOVE of pages that are in memory.</summary>
    Move,

    /// <summary>Pages are filled with data in fresh memory, then moved: what moving takes when the data is not yet where it can be moved from.</summary>
    FillAndMove,

    /// <summary>UFFDIO_ZEROPAGE.</summary>
    Zero,
}
