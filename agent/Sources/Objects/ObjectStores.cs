namespace LazyRestore.Agent.Sources.Objects;

/// <summary>Finds the store of an object by its location.</summary>
internal static class ObjectStores
{
    /// <summary>Whether a location is that of an object.</summary>
    internal static bool IsObject(string location) =>
        S3Location.Is(location)
        || location.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || location.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The object at a location.</summary>
    /// <exception cref="LazyRestoreException">It has another form.</exception>
    internal static IObjectStore Of(string location) =>
        S3Location.Is(location) ? new S3Object(S3Location.Parse(location)) : new HttpObject(AddressOf(location));

    /// <summary>What the object at a location is called in messages, without secrets.</summary>
    /// <exception cref="LazyRestoreException">It has another form.</exception>
    internal static string NameOf(string location) =>
        S3Location.Is(location) ? S3Location.Parse(location).ToString() : HttpObject.NameOf(AddressOf(location));

    private static Uri AddressOf(string location) =>
        Uri.TryCreate(location, UriKind.Absolute, out Uri? address) && address.Host.Length > 0
            ? address
            : throw new LazyRestoreException(
                FailureReason.Usage, $"'{location}' is no address of an image", "Give https://HOST/PATH or http://HOST/PATH.");
}
