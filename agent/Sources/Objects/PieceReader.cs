using System.Buffers;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>Asks a store for a range once, checks that the answer is one to that question, and hands out its bytes as they come.</summary>
/// <param name="store">Whom to ask.</param>
/// <param name="silence">How long it may be silent.</param>
internal sealed class PieceReader(IObjectStore store, TimeSpan silence)
{
    private const int BufferLength = 128 << 10;

    /// <summary>Takes the next bytes, which stand at an offset of the object.</summary>
    internal delegate void Taker(long offset, ReadOnlyMemory<byte> bytes);

    /// <summary>Reads a range.</summary>
    /// <param name="range">Which bytes; those behind the end of the object are left out.</param>
    /// <param name="version">Which object it has to belong to; null for whatever is there.</param>
    /// <param name="take">Takes the bytes in order. What it throws ends the reading.</param>
    /// <param name="pause">Waited for before each part; null for no pauses.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The object that is there.</returns>
    /// <exception cref="ImageReplacedException">It is another object than <paramref name="version"/>.</exception>
    /// <exception cref="IOException">What is answered is something else, or not all of it; or nothing in time.</exception>
    internal async Task<ObjectVersion> ReadAsync(
        ByteRange range, ObjectVersion? version, Taker take, Func<Task>? pause, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            patience.CancelAfter(silence);
            using ObjectPiece piece = await store.GetAsync(range, version, patience.Token).ConfigureAwait(false);
            Check(piece, range, version);
            long offset = piece.Range.Offset;
            while (offset < piece.Range.End)
            {
                if (pause is not null)
                {
                    patience.CancelAfter(Timeout.InfiniteTimeSpan);
                    await pause().ConfigureAwait(false);
                }

                patience.CancelAfter(silence);
                int length = (int)Math.Min(buffer.Length, piece.Range.End - offset);
                int count = await piece.Body.ReadAsync(buffer.AsMemory(0, length), patience.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new IOException($"{store.Name} ends its answer at offset {offset} instead of {piece.Range.End}");
                }

                take(offset, buffer.AsMemory(0, count));
                offset += count;
            }

            return piece.Version;
        }
        catch (OperationCanceledException problem) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"{store.Name} is silent", problem);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Check(ObjectPiece piece, ByteRange asked, ObjectVersion? version)
    {
        if (version is not null && version.Differs(piece.Version))
        {
            throw new ImageReplacedException(store.Name);
        }

        if (piece.Range.Offset != asked.Offset || piece.Range.End != Math.Min(asked.End, piece.Version.Length))
        {
            throw new IOException($"{store.Name} answers with other bytes than it was asked for");
        }
    }
}
