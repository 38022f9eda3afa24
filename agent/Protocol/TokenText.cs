namespace LazyRestore.Agent.Protocol;

/// <summary>A bearer token in a file: its first line.</summary>
internal static class TokenText
{
    /// <summary>Reads a token.</summary>
    /// <exception cref="LazyRestoreException">There is none, or it is too long.</exception>
    internal static string Read(string path)
    {
        string token = File.ReadLines(path).FirstOrDefault("").Trim();
        return token.Length is > 0 and <= PageProtocol.LongestToken / 4
            ? token
            : throw new LazyRestoreException(FailureReason.Failed, $"{path} has no token in its first line", "Put up to 1024 characters there.");
    }
}
