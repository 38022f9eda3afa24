namespace LazyRestore.ImageFormat.Records;

/// <summary>A process that has ended and whose parent, a process of the image, has not waited for it yet (wait(2)).</summary>
public sealed record ZombieRecord : CheckpointRecord
{
    /// <summary>The process ID.</summary>
    public required int Pid { get; init; }

    /// <summary>The parent's process ID.</summary>
    public required int ParentPid { get; init; }

    /// <summary>The process group ID.</summary>
    public required int ProcessGroup { get; init; }

    /// <summary>The session ID.</summary>
    public required int Session { get; init; }

    /// <summary>The name, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended, as wait(2) tells: the signal in bits 0 to 6, bit 7 for a core dump, the exit status in bits 8 to 15.</summary>
    public required int Status { get; init; }
}
