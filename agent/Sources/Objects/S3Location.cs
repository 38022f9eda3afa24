namespace LazyRestore.Agent.Sources.Objects;

/// <summary>An object of an S3-compatible store: s3://BUCKET/KEY, and the store's endpoint unless the environment or the profile names it.</summary>
public sealed record S3Location
{
    private const string Scheme = "s3://";

    private S3Location(string bucket, string key, string? endpoint) => (Bucket, Key, Endpoint) = (bucket, key, endpoint);

    /// <summary>The bucket.</summary>
    public string Bucket { get; }

    /// <summary>The object's key.</summary>
    public string Key { get; }

    /// <summary>The store's URL; null for what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile says, and AWS itself otherwise.</summary>
    public string? Endpoint { get; }

    /// <summary>Whether a text is such a location.</summary>
    public static bool Is(string text) => text.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>The text of a location at a store.</summary>
    public static string WithEndpoint(string location, string endpoint) => $"{location}\n{endpoint}";

    /// <summary>Reads a location.</summary>
    /// <exception cref="LazyRestoreException">It has another form.</exception>
    public static S3Location Parse(string text)
    {
        string[] parts = text.Split('\n', 2);
        string[] names = parts[0][Scheme.Length..].Split('/', 2);
        return names is [{ Length: > 0 } bucket, { Length: > 0 } key]
            ? new S3Location(bucket, key, parts.ElementAtOrDefault(1))
            : throw new LazyRestoreException(FailureReason.Usage, $"'{parts[0]}' is no address of an object", "Give s3://BUCKET/KEY.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}{Bucket}/{Key}";
}
