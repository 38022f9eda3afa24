namespace LazyRestore.ImageFormat.Records;

/// <summary>What backs a VMA.</summary>
public enum VmaKind
{
    /// <summary>Private anonymous memory: heap, stack, mmap.</summary>
    Anonymous,

    /// <summary>A private mapping of a file; pages the process changed are stored.</summary>
    PrivateFile,

    /// <summary>A shared mapping of a file.</summary>
    SharedFile,

    /// <summary>A shared mapping of a memory object: anonymous shared memory, a memfd or a deleted file.</summary>
    Object,

    /// <summary>The kernel's vDSO text.</summary>
    Vdso,

    /// <summary>The kernel's data pages for the vDSO.</summary>
    Vvar,

    /// <summary>A private mapping of a memory object, such as a memfd; pages the process changed are stored.</summary>
    PrivateObject,
}

/// <summary>Protection bits, PROT_* of mmap(2).</summary>
[Flags]
public enum VmaProtection
{
    /// <summary>No access.</summary>
    None = 0,

    /// <summary>PROT_READ.</summary>
    Read = 1,

    /// <summary>PROT_WRITE.</summary>
    Write = 2,

    /// <summary>PROT_EXEC.</summary>
    Execute = 4,
}

/// <summary>What else the kernel keeps for a VMA; the two-letter names are those of VmFlags in proc_pid_smaps(5).</summary>
[Flags]
public enum VmaFlags
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>gd: a stack that grows down.</summary>
    GrowsDown = 1 << 0,

    /// <summary>lo: locked, mlock(2).</summary>
    Locked = 1 << 1,

    /// <summary>lf: locked when touched, MLOCK_ONFAULT.</summary>
    LockOnFault = 1 << 2,

    /// <summary>dc: MADV_DONTFORK.</summary>
    DontFork = 1 << 3,

    /// <summary>dd: MADV_DONTDUMP.</summary>
    DontDump = 1 << 4,

    /// <summary>hg: MADV_HUGEPAGE.</summary>
    HugePage = 1 << 5,

    /// <summary>nh: MADV_NOHUGEPAGE.</summary>
    NoHugePage = 1 << 6,

    /// <summary>mg: MADV_MERGEABLE.</summary>
    Mergeable = 1 << 7,

    /// <summary>wf: MADV_WIPEONFORK.</summary>
    WipeOnFork = 1 << 8,

    /// <summary>nr: MAP_NORESERVE.</summary>
    NoReserve = 1 << 9,

    /// <summary>sr: MADV_SEQUENTIAL.</summary>
    Sequential = 1 << 10,

    /// <summary>rr: MADV_RANDOM.</summary>
    Random = 1 << 11,

    /// <summary>No mw: System V shared memory that was attached for reading only, SHM_RDONLY.</summary>
    ReadOnly = 1 << 12,
}

/// <summary>A virtual memory area, in ascending order of address within an image (proc_pid_maps(5), proc_pid_smaps(5)).</summary>
public sealed record VmaRecord : CheckpointRecord
{
    /// <summary>First address; a multiple of the page size.</summary>
    public required ulong Start { get; init; }

    /// <summary>First address after it.</summary>
    public required ulong End { get; init; }

    /// <summary>What backs it.</summary>
    public required VmaKind Kind { get; init; }

    /// <summary>What the process may do with it.</summary>
    public required VmaProtection Protection { get; init; }

    /// <summary>Advice and other flags.</summary>
    public required VmaFlags Flags { get; init; }

    /// <summary>Offset of <see cref="Start"/> in the file or object, in bytes.</summary>
    public required ulong Offset { get; init; }

    /// <summary>The <see cref="MappedFileRecord.Id"/> of file mappings, the <see cref="MemoryObjectRecord.Id"/> of objects, 0 otherwise.</summary>
    public required int BackingId { get; init; }

    /// <summary>The name given with PR_SET_VMA_ANON_NAME, or the kernel's own such as <c>[heap]</c>; empty for none.</summary>
    public required string Name { get; init; }

    /// <summary>Whether some of it was in transparent huge pages.</summary>
    public bool HadHugePages { get; init; }

    /// <summary>Length in bytes.</summary>
    public ulong Length => End - Start;
}
