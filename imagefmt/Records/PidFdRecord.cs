namespace LazyRestore.ImageFormat.Records;

/// <summary>A descriptor that stands for a process, pidfd_open(2); one that stands for its main thread has O_EXCL in its status flags.</summary>
public sealed record PidFdRecord : OpenFileRecord
{
    /// <summary>The process.</summary>
    public required int Process { get; init; }
}
