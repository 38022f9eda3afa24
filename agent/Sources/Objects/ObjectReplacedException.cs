namespace LazyRestore.Agent.Sources.Objects;

/// <summary>There is another object under the name than the one that was opened: its bytes must not be mixed with those of the former.</summary>
/// <param name="name">What the object is called.</param>
internal sealed class ObjectReplacedException(string name) : LazyRestoreException(
    FailureReason.SourceUnreachable,
    $"the image at {name} was replaced by another one while it was in use",
    "Give every image a name of its own; a process that was restored from the former one needs that back under this name.");
