namespace LazyRestore.Agent.Sources.Remote;

/// <summary>What a server said instead of an answer.</summary>
internal static class RemoteProblem
{
    /// <summary>
    /// The exception for a reason of the protocol: an <see cref="IOException"/> when it can pass, <see cref="DamagedThereException"/> when
    /// the server's own copy is at fault, and one with <see cref="FailureReason.SourceUnreachable"/> when the server does not want to.
    /// </summary>
    internal static Exception Of(string reason, string message) => reason switch
    {
        "refused" or "unauthorized" => new SourceRefusedException(
            $"the page server refuses: {message}",
            reason == "refused" ? null : "Give the token that the server was started with, --token-file."),
        "damaged" => new DamagedThereException(message),
        _ => new IOException($"the page server says: {message}"),
    };
}
