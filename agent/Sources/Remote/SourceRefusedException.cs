namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Whoever has an image does not give it: there is none under this name, or not for us.</summary>
/// <param name="message">What it says.</param>
/// <param name="remedy">What to do about it.</param>
/// <param name="cause">Where that comes from.</param>
internal sealed class SourceRefusedException(string message, string? remedy = null, Exception? cause = null)
    : LazyRestoreException(FailureReason.SourceUnreachable, message, remedy, cause);
