namespace LazyRestore.ImageFormat.Records;

/// <summary>What kind of memory object it is.</summary>
public enum MemoryObjectKind
{
    /// <summary>Anonymous shared memory: MAP_SHARED | MAP_ANONYMOUS.</summary>
    SharedAnonymous,

    /// <summary>A memfd, memfd_create(2).</summary>
    MemFd,

    /// <summary>A regular file that no longer has a name; its content is in the image.</summary>
    DeletedFile,

    /// <summary>A regular file that never had a name, O_TMPFILE in open(2), and may be given one; its content is in the image.</summary>
    NamelessFile,

    /// <summary>A segment of System V shared memory, shmget(2).</summary>
    SystemV,
}

/// <summary>
/// Memory that is not bound to one place of the address space. Its content stands in extents whose
/// <see cref="ExtentAddress.Space"/> is the object's <see cref="Id"/> and whose addresses are offsets in the object.
/// </summary>
public sealed record MemoryObjectRecord : CheckpointRecord
{
    /// <summary>The object's number and the space of its extents; greater than 0 (0 is the address space).</summary>
    public required int Id { get; init; }

    /// <summary>What it is.</summary>
    public required MemoryObjectKind Kind { get; init; }

    /// <summary>Name of a memfd (without the <c>memfd:</c> prefix) or former path of a deleted or nameless file; empty otherwise.</summary>
    public required string Name { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>File mode, st_mode.</summary>
    public required uint Mode { get; init; }

    /// <summary>F_GET_SEALS of a memfd.</summary>
    public required int Seals { get; init; }
}
