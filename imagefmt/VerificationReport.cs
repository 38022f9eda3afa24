namespace LazyRestore.ImageFormat;

/// <summary>What a verification read, and what it found.</summary>
public sealed record VerificationReport
{
    /// <summary>Extents that are intact.</summary>
    public long ExtentsVerified { get; init; }

    /// <summary>Pages whose checksums are right.</summary>
    public long PagesVerified { get; init; }

    /// <summary>Bytes of the image that are as they were written.</summary>
    public long BytesVerified { get; init; }

    /// <summary>The first damage; null for an image that is intact.</summary>
    public ImageDamagedException? Problem { get; init; }

    /// <summary>Whether no damage was found.</summary>
    public bool IsIntact => Problem is null;
}
