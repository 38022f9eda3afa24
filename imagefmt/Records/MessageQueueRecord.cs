namespace LazyRestore.ImageFormat.Records;

/// <summary>An open POSIX message queue, mq_overview(7): it outlives the process, so its messages are not in the image.</summary>
public sealed record MessageQueueRecord : OpenFileRecord
{
    /// <summary>The name, which begins with a slash.</summary>
    public required string Name { get; init; }
}
