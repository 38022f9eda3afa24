namespace LazyRestore.ImageFormat.Records;

/// <summary>Who is signalled when an open file becomes ready: F_SETOWN_EX and F_SETSIG in fcntl(2).</summary>
public sealed record FileOwnerRecord : CheckpointRecord
{
    /// <summary>The <see cref="OpenFileRecord.Id"/> of the open file.</summary>
    public required int FileId { get; init; }

    /// <summary>F_OWNER_TID (0), F_OWNER_PID (1) or F_OWNER_PGRP (2).</summary>
    public required int Kind { get; init; }

    /// <summary>The thread, process or process group; 0 for none.</summary>
    public required int Owner { get; init; }

    /// <summary>The signal; 0 for SIGIO.</summary>
    public required int Signal { get; init; }
}
