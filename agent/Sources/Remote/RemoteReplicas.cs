using System.Collections.Immutable;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>An image that is on one page server or on several, and how to get at it.</summary>
/// <param name="Locations">Where it is: at least once, at most <see cref="Most"/> times.</param>
/// <param name="Credentials">Who we are.</param>
public sealed record RemoteReplicas(ImmutableArray<RemoteLocation> Locations, RemoteCredentials Credentials)
{
    /// <summary>How many replicas there can be.</summary>
    public const int Most = 8;

    private const string Prefix = "remote?";

    /// <summary>The replicas as they can be parsed again: a single location without credentials is its own text.</summary>
    public string Text => Locations.Length == 1 && Credentials == new RemoteCredentials()
        ? Locations[0].Text
        : Prefix + string.Join('&', Values().Where(static pair => pair.Value is not null).Select(
            static pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}"));

    /// <summary>Whether a text names an image on page servers, rather than a file.</summary>
    public static bool IsRemote(string text) => text.StartsWith(Prefix, StringComparison.Ordinal) || RemoteLocation.IsRemote(text);

    /// <summary>Reads what <see cref="Text"/> gave, or the text of a location.</summary>
    /// <exception cref="LazyRestoreException">It has another form.</exception>
    public static RemoteReplicas Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return new RemoteReplicas([RemoteLocation.Parse(text)], new RemoteCredentials());
        }

        ILookup<string, string> values = text[Prefix.Length..].Split('&').Select(static pair => pair.Split('=', 2))
            .ToLookup(static pair => pair[0], static pair => Uri.UnescapeDataString(pair.ElementAtOrDefault(1) ?? ""));
        return new RemoteReplicas(
            [.. values["at"].Select(RemoteLocation.Parse)],
            new RemoteCredentials
            {
                TokenFile = values["token-file"].FirstOrDefault(),
                Authority = values["tls-ca"].FirstOrDefault(),
                Certificate = values["tls-cert"].FirstOrDefault(),
                Key = values["tls-key"].FirstOrDefault(),
            });
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Locations);

    private IEnumerable<(string Name, string? Value)> Values() =>
    [
        .. Locations.Select(static location => ("at", (string?)location.Text)),
        ("token-file", Credentials.TokenFile),
        ("tls-ca", Credentials.Authority),
        ("tls-cert", Credentials.Certificate),
        ("tls-key", Credentials.Key),
    ];
}
