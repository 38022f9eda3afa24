using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// The bytes of an image elsewhere, for those who can wait for them. Records, index and trailer are mostly here; the rest comes in
/// large pieces, because who reads some of it mostly reads what follows.
/// </summary>
internal sealed class RemoteImageBytes(IRemoteImage remote) : IImageBytes
{
    private const int LongestPiece = 1 << 20;
    private const int MostPieces = 8;

    private readonly Lock _lock = new();
    private readonly Queue<(long Offset, ReadOnlyMemory<byte> Bytes)> _pieces = new();

    /// <summary>Where the bytes come from.</summary>
    internal IRemoteImage Remote => remote;

    /// <inheritdoc/>
    public long Length => remote.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (offset >= Length)
            {
                throw new EndOfStreamException($"the image ends at offset {offset}");
            }

            ReadOnlySpan<byte> found = Find(offset).Span;
            int count = Math.Min(found.Length, destination.Length);
            found[..count].CopyTo(destination);
            offset += count;
            destination = destination[count..];
        }
    }

    /// <summary>Lets go of what was read ahead; it is asked for again when it is needed.</summary>
    internal void Forget()
    {
        lock (_lock)
        {
            _pieces.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => remote.Dispose();

    // The bytes from an offset on, as many as are at hand.
    private ReadOnlyMemory<byte> Find(long offset)
    {
        ReadOnlyMemory<byte> atHand = remote.AtHand(offset);
        if (!atHand.IsEmpty)
        {
            return atHand;
        }

        lock (_lock)
        {
            foreach ((long first, ReadOnlyMemory<byte> bytes) in _pieces)
            {
                if (offset >= first && offset < first + bytes.Length)
                {
                    return bytes[(int)(offset - first)..];
                }
            }
        }

        int length = (int)Math.Min(LongestPiece, Length - offset);
        ReadOnlyMemory<byte> piece = Task.Run(() => remote.ReadAsync(offset, length)).GetAwaiter().GetResult();
        lock (_lock)
        {
            if (_pieces.Count == MostPieces)
            {
                _ = _pieces.Dequeue();
            }

            _pieces.Enqueue((offset, piece));
        }

        return piece;
    }
}
