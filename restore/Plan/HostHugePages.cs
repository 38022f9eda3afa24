namespace LazyRestore.Restore.Plan;

/// <summary>What the host does about transparent huge pages of 2 MiB (Documentation/admin-guide/mm/transhuge.rst).</summary>
internal enum HostHugePages
{
    /// <summary>No memory gets any.</summary>
    Never,

    /// <summary>Memory that asks for them does.</summary>
    Advised,

    /// <summary>All memory does.</summary>
    Always,
}
