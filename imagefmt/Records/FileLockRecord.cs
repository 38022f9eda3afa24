namespace LazyRestore.ImageFormat.Records;

/// <summary>How a lock was taken, which decides whose it is.</summary>
public enum FileLockKind
{
    /// <summary>F_SETLK, fcntl_locking(2): of the process.</summary>
    Posix,

    /// <summary>F_OFD_SETLK, fcntl_locking(2): of the open file description.</summary>
    OpenFileDescription,

    /// <summary>flock(2): of the open file description.</summary>
    Whole,

    /// <summary>F_SETLEASE: of the open file description.</summary>
    Lease,
}

/// <summary>A lock or lease that is held by an open file.</summary>
public sealed record FileLockRecord : CheckpointRecord
{
    /// <summary>The <see cref="OpenFileRecord.Id"/> of the open file by which it was taken.</summary>
    public required int FileId { get; init; }

    /// <summary>The process that holds it; 0 when the open file does.</summary>
    public required int Process { get; init; }

    /// <summary>How it was taken.</summary>
    public required FileLockKind Kind { get; init; }

    /// <summary>Whether it excludes readers too (F_WRLCK, LOCK_EX).</summary>
    public required bool Exclusive { get; init; }

    /// <summary>The first byte.</summary>
    public required long Start { get; init; }

    /// <summary>How many bytes; 0 up to the end of the file, wherever that will be.</summary>
    public required long Length { get; init; }
}
