using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// Where an image is that is not a file here: tcp://HOST:PORT/NAME or tls://HOST:PORT/NAME, unix:PATH#NAME, ssh://[USER@]HOST[:PORT]/PATH, or a
/// command that serves on its standard streams. A server with only one image needs no name.
/// </summary>
public sealed record RemoteLocation
{
    private const string Tcp = "tcp://";
    private const string Tls = "tls://";
    private const string Unix = "unix:";
    private const string Ssh = "ssh://";
    private const string Via = "via ";

    private RemoteLocation(string text) => Text = text;

    /// <summary>The location as it can be parsed again; also what it is called.</summary>
    public string Text { get; }

    /// <summary>The image's name there; empty for the only one.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The host; null when it is no TCP connection.</summary>
    public string? Host { get; private init; }

    /// <summary>The port.</summary>
    public int Port { get; private init; }

    /// <summary>Whether the connection is encrypted, and the server proves that it is this host.</summary>
    public bool IsEncrypted { get; private init; }

    /// <summary>The path of a UNIX socket; null when it is none.</summary>
    public string? SocketPath { get; private init; }

    /// <summary>A shell command that serves; null when there is a socket.</summary>
    public string? Command { get; private init; }

    /// <summary>Whether a text names an image elsewhere, rather than a file.</summary>
    public static bool IsRemote(string text) =>
        text.StartsWith(Tcp, StringComparison.Ordinal) || text.StartsWith(Tls, StringComparison.Ordinal)
        || text.StartsWith(Unix, StringComparison.Ordinal) || text.StartsWith(Ssh, StringComparison.Ordinal) || text.StartsWith(Via, StringComparison.Ordinal);

    /// <summary>The text of an image that a command serves.</summary>
    public static string OfCommand(string command, string name) => $"{Via}{name}\n{command}";

    /// <summary>Reads a location.</summary>
    /// <exception cref="LazyRestoreException">It has another form.</exception>
    public static RemoteLocation Parse(string text)
    {
        if (text.StartsWith(Via, StringComparison.Ordinal) && text.IndexOf('\n') is > 0 and int end)
        {
            return new RemoteLocation(text) { Name = text[Via.Length..end], Command = text[(end + 1)..] };
        }

        if (text.StartsWith(Unix, StringComparison.Ordinal))
        {
            string rest = text[Unix.Length..];
            rest = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;
            string[] parts = rest.Split('#', 2);
            return parts[0].Length > 0 ? new RemoteLocation(text) { SocketPath = parts[0], Name = parts.ElementAtOrDefault(1) ?? "" } : throw Malformed(text);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
        {
            throw Malformed(text);
        }

        string path = Uri.UnescapeDataString(uri.AbsolutePath);
        bool isEncrypted = text.StartsWith(Tls, StringComparison.Ordinal);
        return text.StartsWith(Ssh, StringComparison.Ordinal) && path.Length > 1
            ? new RemoteLocation(text) { Command = SshCommand(uri, path) }
            : (isEncrypted || text.StartsWith(Tcp, StringComparison.Ordinal)) && uri.Port > 0
                ? new RemoteLocation(text) { Host = uri.IdnHost.Trim('[', ']'), Port = uri.Port, Name = path.TrimStart('/'), IsEncrypted = isEncrypted }
                : throw Malformed(text);
    }

    /// <inheritdoc/>
    public override string ToString() => Text.StartsWith(Via, StringComparison.Ordinal) ? $"'{Command}'" : Text;

    private static string SshCommand(Uri uri, string path)
    {
        string port = uri.Port > 0 ? $"-p {uri.Port} " : "";
        string user = uri.UserInfo.Length > 0 ? $"{uri.UserInfo}@" : "";
        return $"exec ssh {port}-- {Quoted(user + uri.Host)} {Quoted("exec lazyrestore serve --stdio -- " + Quoted(path))}";
    }

    private static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static LazyRestoreException Malformed(string text) => new(
        FailureReason.Usage, $"'{text}' is no location of an image", "Give tcp://HOST:PORT/NAME, tls://HOST:PORT/NAME, unix:PATH#NAME, or ssh://HOST/PATH.");
}
