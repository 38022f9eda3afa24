using System.Globalization;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>The location of an image elsewhere, of which what was fetched is kept in a folder here.</summary>
/// <param name="Location">Where the image is.</param>
/// <param name="Folder">The folder of the cache, a full path.</param>
/// <param name="Limit">The most bytes it may have.</param>
public sealed record CachedLocation(string Location, string Folder, long Limit)
{
    private const string Prefix = "cache\n";

    /// <summary>The location as it can be parsed again.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Limit}\n{Folder}\n{Location}");

    /// <summary>Whether a text is such a location.</summary>
    public static bool Is(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Reads what <see cref="Text"/> was.</summary>
    internal static CachedLocation Parse(string text)
    {
        string[] parts = text.Split('\n', 4);
        return new CachedLocation(parts[3], parts[2], long.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
