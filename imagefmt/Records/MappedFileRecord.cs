namespace LazyRestore.ImageFormat.Records;

/// <summary>A file that VMAs map: opened again at restore after its identity was checked.</summary>
public sealed record MappedFileRecord : CheckpointRecord
{
    /// <summary>What <see cref="VmaRecord.BackingId"/> refers to; greater than 0.</summary>
    public required int Id { get; init; }

    /// <summary>The path in the file system.</summary>
    public required string Path { get; init; }

    /// <summary>How to tell that it is still the same file.</summary>
    public required FileIdentity Identity { get; init; }

    /// <summary>Whether a shared writable mapping needs the file opened for writing.</summary>
    public required bool Writable { get; init; }
}

/// <summary>What tells a file from another that took its place.</summary>
public sealed record FileIdentity
{
    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Time of last modification in nanoseconds since the epoch.</summary>
    public required long ModifiedNanoseconds { get; init; }

    /// <summary>File type and mode, st_mode.</summary>
    public required uint Mode { get; init; }

    /// <summary>The ELF build ID; empty for files that have none.</summary>
    public required ReadOnlyMemory<byte> BuildId { get; init; }
}
