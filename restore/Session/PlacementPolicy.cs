namespace LazyRestore.Restore;

/// <summary>How pages get into a restored process.</summary>
public enum PlacementPolicy
{
    /// <summary>Moved where they come back in huge pages, copied elsewhere.</summary>
    Auto,

    /// <summary>Copied.</summary>
    Copy,

    /// <summary>Moved wherever that is possible.</summary>
    Move,
}
