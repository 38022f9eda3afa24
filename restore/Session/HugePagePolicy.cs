namespace LazyRestore.Restore;

/// <summary>Which restored memory comes back in huge pages, where the kernel has them.</summary>
public enum HugePagePolicy
{
    /// <summary>Memory that asked for them (MADV_HUGEPAGE), had some, or would get them here anyway.</summary>
    Auto,

    /// <summary>All that can.</summary>
    Always,

    /// <summary>None.</summary>
    Never,
}
