namespace LazyRestore.ImageFormat;

/// <summary>Whether what is written to a file stays in the page cache.</summary>
public enum FileCaching
{
    /// <summary>It does, as with any file: a restore soon afterwards reads it from there.</summary>
    Cached,

    /// <summary>It does not (O_DIRECT, open(2)): what other programs have in the page cache stays there.</summary>
    Direct,
}
