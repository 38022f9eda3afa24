namespace LazyRestore.Restore.Tracing;

/// <summary>A traced thread ended while it was being worked on: somebody killed it.</summary>
public sealed class TraceeGoneException(int tid, string how)
    : LazyRestoreException(FailureReason.Failed, $"thread {tid} ended while it was being worked on: {how}")
{
    /// <summary>The thread that ended.</summary>
    public int Tid { get; } = tid;
}
