using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Pushing;

/// <summary>An image file whose pages are pushed by others, and where they push them to.</summary>
/// <param name="Url">tcp://ADDRESS:PORT or unix:PATH, or - for standard input.</param>
/// <param name="Image">The image file.</param>
public sealed record PushLocation(string Url, string Image)
{
    /// <summary>Stands for standard input.</summary>
    public const string StandardInput = "-";

    private const string Prefix = "push\n";

    /// <summary>The location as it can be parsed again.</summary>
    public string Text => $"{Prefix}{Url}\n{Image}";

    /// <summary>Whether a text is such a location.</summary>
    public static bool Is(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Why nobody can push to a URL; null when it is all right.</summary>
    public static string? Problem(string url)
    {
        if (url is StandardInput)
        {
            return null;
        }

        if (!RemoteLocation.IsRemote(url))
        {
            return $"'{url}' is no address to push to; give unix:PATH, tcp://ADDRESS:PORT, or -";
        }

        try
        {
            RemoteLocation location = RemoteLocation.Parse(url);
            return location.SocketPath is not null || (location is { Host: { } host, IsEncrypted: false } && Server.Listener.IsLoopback(host))
                ? null
                : $"'{url}' is neither a UNIX socket nor a loopback address; to push from elsewhere use ssh";
        }
        catch (LazyRestoreException problem)
        {
            return problem.Message;
        }
    }

    /// <summary>Reads what <see cref="Text"/> was.</summary>
    internal static PushLocation Parse(string text)
    {
        string[] parts = text.Split('\n', 3);
        return new PushLocation(parts[1], parts[2]);
    }
}
