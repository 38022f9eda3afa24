namespace LazyRestore.Agent.Sources.Remote;

/// <summary>What a server said instead of an answer.</summary>
internal static class RemoteProblem
{
    /// <summary>The exception for a reason of the protocol: an <see cref="IOException"/> when it can pass.</summary>
    internal static Exception Of(string reason, string message) => reason switch
    {
        "refused" => new SourceRefusedException($"the page server refuses: {message}"),
        "damaged" => new LazyRestoreException(FailureReason.DamagedImage, $"the page server says: {message}"),
        _ => new IOException($"the page server says: {message}"),
    };
}
