namespace LazyRestore.ImageFormat;

/// <summary>An image's bytes with random access, wherever they are. Several threads may read at once.</summary>
public interface IImageBytes : IDisposable
{
    /// <summary>How many there are.</summary>
    long Length { get; }

    /// <summary>Reads as many bytes as the destination takes.</summary>
    /// <param name="offset">Where the first one stands.</param>
    /// <param name="destination">Where they go; it is filled as a whole.</param>
    /// <exception cref="EndOfStreamException">The image ends before the destination is full.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Tells what will be read next. Bytes that are elsewhere come together then, not one piece after the other.</summary>
    /// <param name="ranges">Ranges in the order in which they will be read.</param>
    void Announce(IReadOnlyList<(long Offset, long Length)> ranges)
    {
    }
}
