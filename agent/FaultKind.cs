namespace LazyRestore.Agent;

/// <summary>What a page fault was, by the flags of its message (userfaultfd(2)) and the memory that it met.</summary>
public enum FaultKind
{
    /// <summary>Private memory was read.</summary>
    Read,

    /// <summary>Private memory was written to.</summary>
    Write,

    /// <summary>Shared memory was touched.</summary>
    Shared,
}
