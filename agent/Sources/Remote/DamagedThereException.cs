namespace LazyRestore.Agent.Sources.Remote;

/// <summary>A server says that its copy of the image is damaged at the place that was asked for.</summary>
internal sealed class DamagedThereException(string message) : LazyRestoreException(
    FailureReason.DamagedImage, $"the page server says: {message}", "Make the image again, or copy it again from where it came from.");
