namespace LazyRestore.Agent.Sources.Remote;

/// <summary>There is another image under the name than the one that was opened: its bytes must not be mixed with those of the former.</summary>
/// <param name="name">What the image is called.</param>
internal sealed class ImageReplacedException(string name) : LazyRestoreException(
    FailureReason.SourceUnreachable,
    $"the image at {name} was replaced by another one while it was in use",
    "Give every image a name of its own; a process that was restored from the former one needs that back under this name.");
