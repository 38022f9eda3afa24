namespace LazyRestore.Agent.Sources.Remote;

/// <summary>Bytes of an image, or of an object of a store.</summary>
/// <param name="Offset">Where the first stands.</param>
/// <param name="Length">How many they are, at least 1.</param>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>The offset behind the last.</summary>
    internal long End => Offset + Length;

    /// <summary>The range from one offset up to another.</summary>
    internal static ByteRange Between(long offset, long end) => new(offset, end - offset);
}
