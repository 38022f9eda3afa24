using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// The bytes of an image elsewhere, for those who can wait for them. Records, index and trailer are mostly here; the rest comes in
/// large pieces, because who reads some of it mostly reads what follows.
/// </summary>
internal sealed class RemoteImageBytes(IRemoteImage remote) : IImageBytes
{
    private const int LongestPiece = 1 << 20;
    private const int MostPieces = 16;

    private readonly Lock _lock = new();
    private readonly Queue<Piece> _pieces = new();
    private readonly Queue<(long Offset, int Length)> _announced = new();

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
            _announced.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => remote.Dispose();

    /// <inheritdoc/>
    public void Announce(IReadOnlyList<(long Offset, long Length)> ranges)
    {
        lock (_lock)
        {
            _announced.Clear();
            long end = -1;
            foreach ((long offset, long length) in ranges)
            {
                // What follows the one before is in its last piece already, as far as that goes.
                for (long start = Math.Max(offset, end); start < offset + length; start = end)
                {
                    end = Math.Min(start + LongestPiece, Length);
                    _announced.Enqueue((start, (int)(end - start)));
                }
            }

            Trim();
            Begin();
        }
    }

    // The bytes from an offset on, as many as are at hand.
    private ReadOnlyMemory<byte> Find(long offset)
    {
        ReadOnlyMemory<byte> atHand = remote.AtHand(offset);
        if (!atHand.IsEmpty)
        {
            return atHand;
        }

        Piece piece = Claim(offset);
        return piece.Bytes.GetAwaiter().GetResult()[(int)(offset - piece.Offset)..];
    }

    // The piece that an offset is in. Those before it have been read, as they were announced to be.
    private Piece Claim(long offset)
    {
        lock (_lock)
        {
            if (_pieces.FirstOrDefault(piece => piece.Has(offset)) is { } known)
            {
                while (_announced.Count > 0 && _pieces.Peek() != known)
                {
                    _ = _pieces.Dequeue();
                }

                Begin();
                return known;
            }

            Trim();
            return Fetch(offset, (int)Math.Min(LongestPiece, Length - offset));
        }
    }

    private void Begin()
    {
        while (_pieces.Count < MostPieces && _announced.TryDequeue(out (long Offset, int Length) next))
        {
            _ = Fetch(next.Offset, next.Length);
        }
    }

    private Piece Fetch(long offset, int length)
    {
        Piece piece = new(offset, length, Task.Run(() => remote.ReadAsync(offset, length)));
        _pieces.Enqueue(piece);
        return piece;
    }

    // Leaves room for further pieces.
    private void Trim()
    {
        while (_pieces.Count >= MostPieces / 2)
        {
            _ = _pieces.Dequeue();
        }
    }

    private sealed record Piece(long Offset, int Length, Task<ReadOnlyMemory<byte>> Bytes)
    {
        internal bool Has(long offset) => offset >= Offset && offset < Offset + Length;
    }
}
