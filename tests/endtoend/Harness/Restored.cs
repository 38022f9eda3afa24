namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A restored process.</summary>
/// <param name="Tool">The restore in the foreground, which serves its memory and ends as it does.</param>
/// <param name="Pid">The process.</param>
internal sealed record Restored(RunningProcess Tool, int Pid);
