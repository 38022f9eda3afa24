namespace LazyRestore.Restore.Tracing;

/// <summary>Another program traces the process at the moment; trying again may help.</summary>
public sealed class TraceeBusyException(int pid, int tracer) : LazyRestoreException(
    FailureReason.Unsupported,
    $"process {pid} is already traced by process {tracer}",
    "Detach the debugger or tracer first.")
{
    /// <summary>The process that traces it.</summary>
    public int TracerPid { get; } = tracer;
}
