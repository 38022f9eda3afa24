using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Everything an image says about a process but its memory: the records, gathered and cross-checked. Mapped files, memory objects and open
/// files belong to the image, and to every process of it that refers to them. An image is that of its first process and its descendants.
/// </summary>
public sealed record Checkpoint
{
    /// <summary>The first record.</summary>
    public required HeaderRecord Header { get; init; }

    /// <summary>The process as a whole.</summary>
    public required ProcessRecord Process { get; init; }

    /// <summary>brk, arguments, environment, auxiliary vector.</summary>
    public required MemoryLayoutRecord Layout { get; init; }

    /// <summary>Threads, the group leader first.</summary>
    public required IReadOnlyList<ThreadRecord> Threads { get; init; }

    /// <summary>VMAs by address; they do not overlap.</summary>
    public required IReadOnlyList<VmaRecord> Vmas { get; init; }

    /// <summary>Files that VMAs map.</summary>
    public required IReadOnlyList<MappedFileRecord> MappedFiles { get; init; }

    /// <summary>Shared memory, memfds, deleted files.</summary>
    public required IReadOnlyList<MemoryObjectRecord> Objects { get; init; }

    /// <summary>Open file descriptions.</summary>
    public required IReadOnlyList<OpenFileRecord> Files { get; init; }

    /// <summary>File descriptors by number.</summary>
    public required IReadOnlyList<DescriptorRecord> Descriptors { get; init; }

    /// <summary>Locks and leases that open files hold.</summary>
    public IReadOnlyList<FileLockRecord> Locks { get; init; } = [];

    /// <summary>Who is signalled when open files become ready.</summary>
    public IReadOnlyList<FileOwnerRecord> Owners { get; init; } = [];

    /// <summary>System V shared memory that processes of the image are attached to.</summary>
    public IReadOnlyList<SystemVSegmentRecord> Segments { get; init; } = [];

    /// <summary>System V semaphores that they use.</summary>
    public IReadOnlyList<SystemVSemaphoresRecord> Semaphores { get; init; } = [];

    /// <summary>System V message queues that they use.</summary>
    public IReadOnlyList<SystemVQueueRecord> Queues { get; init; } = [];

    /// <summary>The further processes of the image, each behind its parent; with the first one only.</summary>
    public IReadOnlyList<Checkpoint> Descendants { get; init; } = [];

    /// <summary>The children of all processes of the image that have ended and were not waited for; with the first one only.</summary>
    public IReadOnlyList<ZombieRecord> Zombies { get; init; } = [];

    /// <summary>All processes, this one first.</summary>
    public IReadOnlyList<Checkpoint> Processes => [this, .. Descendants];
}
