namespace LazyRestore.Agent.Tuning;

/// <summary>How whole extents of 2 MiB get into a process.</summary>
public enum PlacementMethod
{
    /// <summary>Copied by the agent.</summary>
    Copy,

    /// <summary>Moved by the mover.</summary>
    Move,
}
