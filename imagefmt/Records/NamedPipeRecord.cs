namespace LazyRestore.ImageFormat.Records;

/// <summary>A named pipe that only the process has open, fifo(7).</summary>
public sealed record NamedPipeRecord : OpenFileRecord
{
    /// <summary>The path in the file system.</summary>
    public required string Path { get; init; }

    /// <summary>Capacity in bytes, F_GETPIPE_SZ.</summary>
    public required int Capacity { get; init; }

    /// <summary>What was in the pipe; stands with one of the open files of a pipe only.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Whether poll(2) tells that all writers are gone, which it does only when there was one.</summary>
    public required bool HungUp { get; init; }
}
