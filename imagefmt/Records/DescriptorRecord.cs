namespace LazyRestore.ImageFormat.Records;

/// <summary>A file descriptor and the open file description that it refers to; several may refer to one (dup(2)).</summary>
public sealed record DescriptorRecord : CheckpointRecord
{
    /// <summary>The descriptor's number.</summary>
    public required int Number { get; init; }

    /// <summary>The <see cref="OpenFileRecord.Id"/> of its open file description.</summary>
    public required int FileId { get; init; }

    /// <summary>Whether FD_CLOEXEC is set.</summary>
    public required bool CloseOnExec { get; init; }
}
