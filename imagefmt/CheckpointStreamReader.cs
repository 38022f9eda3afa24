using System.IO.Hashing;
using System.IO.Pipelines;
using LazyRestore.ImageFormat.Formatters;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Reads an image from its first byte to its last, while it arrives: first <see cref="ReadRecordsAsync"/>, then
/// <see cref="ReadExtentAsync"/> until it gives null. One caller at a time. Beside records and index it holds one extent.
/// </summary>
/// <remarks>
/// Pages are given only if their checksums are right, but nothing proves the image as a whole before the trailer, which is
/// checked before the end is reported: who must not act on half an image waits for that.
/// </remarks>
public sealed class CheckpointStreamReader : IDisposable
{
    private readonly StreamWindow _window;
    private readonly XxHash128 _digest = new();
    private readonly ExtentDecoder _decoder = new();

    /// <summary>The extents so far, in the order of the stream; the index must name the same.</summary>
    private readonly List<ExtentEntry> _entries = [];

    private ExtentCoverage? _coverage;
    private long _recordsLength;

    /// <summary>Reads from a pipe, which stays open; <see cref="PipeReader.Create(Stream, StreamPipeReaderOptions?)"/> makes one of a stream.</summary>
    public CheckpointStreamReader(PipeReader reader) => _window = new StreamWindow(reader);

    /// <summary>How many bytes were read and checked.</summary>
    public long BytesRead => _window.Offset;

    /// <summary>The index, once the end was reached.</summary>
    public ExtentIndex? Index { get; private set; }

    /// <summary>Reads header and records up to where the memory begins.</summary>
    /// <exception cref="ImageDamagedException">It is no image, or damaged.</exception>
    /// <exception cref="LazyRestoreException">The stream failed, or a newer version made the image.</exception>
    public async ValueTask<Checkpoint> ReadRecordsAsync(CancellationToken cancellationToken = default)
    {
        if (_coverage is not null || _window.Offset > 0)
        {
            throw new InvalidOperationException("The records were read already.");
        }

        CheckpointBuilder builder = new();
        string previous = HeaderFormatter.Name;
        while (true)
        {
            RecordHead head = await ReadHeadAsync(previous, cancellationToken).ConfigureAwait(false);
            if (_window.Offset > 0 && head.Kind is ExtentHeaderFormat.Kind or IndexFormat.Kind)
            {
                break;
            }

            long room = ImageLimits.Records - _window.Offset;
            int limit = _window.Offset == 0 ? ImageLimits.Header : (int)Math.Min(ImageLimits.Record, room);
            int length = await MeasureAsync(head.Kind, 0, 1, limit, cancellationToken).ConfigureAwait(false);
            ReadOnlyMemory<byte> bytes = _window.Bytes[..length];
            RecordFormat.AddTo(builder, bytes, head, _window.Offset);
            _digest.Append(bytes.Span);
            _window.Consume(length);
            previous = head.Kind;
        }

        Checkpoint checkpoint = builder.Build(_window.Offset);
        _coverage = new ExtentCoverage(checkpoint);
        _recordsLength = _window.Offset;
        return checkpoint;
    }

    /// <summary>Reads, decodes and verifies the next extent; after the last one index, trailer and the end of the stream.</summary>
    /// <param name="pages">Where the present pages go one after another; room for <see cref="ImageLayout.ExtentSpan"/> bytes.</param>
    /// <param name="cancellationToken">Stops the work; the reader is of no use afterwards.</param>
    /// <returns>The header of the extent; null when the image has ended and all of it is proven.</returns>
    /// <exception cref="ImageDamagedException">It is damaged.</exception>
    /// <exception cref="LazyRestoreException">The stream failed.</exception>
    public async ValueTask<ExtentHeader?> ReadExtentAsync(Memory<byte> pages, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pages.Length, ImageLayout.ExtentSpan, nameof(pages));
        ExtentCoverage coverage = _coverage ?? throw new InvalidOperationException("The records are read first.");
        if (Index is not null)
        {
            return null;
        }

        string previous = _entries.Count > 0 ? ExtentHeaderFormat.Kind : "last";
        RecordHead head = await ReadHeadAsync(previous, cancellationToken).ConfigureAwait(false);
        if (head.Kind != ExtentHeaderFormat.Kind)
        {
            await ReadEndAsync(coverage, cancellationToken).ConfigureAwait(false);
            return null;
        }

        // The kind and the map are two values after the first byte; the payload's header follows them.
        int map = await MeasureAsync(ExtentHeaderFormat.Kind, 1, 2, ImageLimits.ExtentHead, cancellationToken).ConfigureAwait(false);
        int length = map + ExtentHeaderFormat.PayloadHeaderLength;
        await RequireAsync(length, ExtentHeaderFormat.Kind, cancellationToken).ConfigureAwait(false);
        ExtentHeader header = ExtentHeaderFormat.Read(_window.Bytes[..length], _window.Offset);
        ExtentRules.CheckPresence(header.Address, header.Presence, coverage, _window.Offset);
        int payload = header.Entry.PayloadLength;
        await RequireAsync(length + payload, ExtentHeaderFormat.Kind, cancellationToken).ConfigureAwait(false);
        _decoder.DecodeAll(header, _window.Bytes.Span.Slice(length, payload), pages.Span);
        _window.Consume(length + payload);
        _entries.Add(header.Entry);
        return header;
    }

    /// <inheritdoc/>
    public void Dispose() => _decoder.Dispose();

    private async ValueTask ReadEndAsync(ExtentCoverage coverage, CancellationToken cancellationToken)
    {
        Trailer expected = new(_recordsLength, _window.Offset);
        int length = await MeasureAsync(IndexFormat.Kind, 0, 1, ImageLimits.Index, cancellationToken).ConfigureAwait(false);
        ExtentEntry[] entries = IndexFormat.Read(_window.Bytes[..length], _window.Offset);
        ExtentRules.CheckIndex(entries, coverage, expected);
        _entries.Sort(static (left, right) => left.Address.CompareTo(right.Address));
        if (!_entries.SequenceEqual(entries))
        {
            throw new ImageDamagedException(IndexFormat.Kind, _window.Offset, "it names other extents than there are");
        }

        _digest.Append(_window.Bytes.Span[..length]);
        _window.Consume(length);
        await RequireAsync(TrailerFormat.Length, TrailerFormat.Kind, cancellationToken).ConfigureAwait(false);
        ReadOnlyMemory<byte> bytes = _window.Bytes[..TrailerFormat.Length];
        if (TrailerFormat.Read(bytes, _window.Offset) != expected)
        {
            throw new ImageDamagedException(TrailerFormat.Kind, _window.Offset, "it locates the parts elsewhere");
        }

        TrailerFormat.Verify(bytes.Span, _window.Offset, _digest);
        _window.Consume(TrailerFormat.Length);
        if (await _window.EnsureAsync(1, cancellationToken).ConfigureAwait(false))
        {
            throw new ImageDamagedException(TrailerFormat.Kind, _window.Offset, "the image goes on after it");
        }

        Index = new ExtentIndex(entries);
    }

    /// <summary>The head of the next value; no value of an image but the trailer is the last, so waiting for the bytes of any head is safe.</summary>
    private async ValueTask<RecordHead> ReadHeadAsync(string previous, CancellationToken cancellationToken)
    {
        _ = await _window.EnsureAsync(RecordHead.MaxLength, cancellationToken).ConfigureAwait(false);
        return RecordHead.Read(_window.Bytes.Span, previous, _window.Offset);
    }

    /// <summary>Waits for values that end within a limit, and says where that is.</summary>
    private async ValueTask<int> MeasureAsync(
        string kind, long start, long values, int limit, CancellationToken cancellationToken)
    {
        long length = start;
        long pending = values;
        while (true)
        {
            MessageFrame.Outcome outcome = MessageFrame.Advance(_window.Bytes.Span, ref length, ref pending);
            if (outcome == MessageFrame.Outcome.Invalid)
            {
                throw new ImageDamagedException(kind, _window.Offset + length, "no MessagePack value begins here");
            }

            if (length + pending > limit)
            {
                throw new ImageDamagedException(kind, _window.Offset, $"it has more than {limit} bytes");
            }

            if (outcome == MessageFrame.Outcome.Complete)
            {
                return (int)length;
            }

            int least = (int)Math.Max(length + pending, _window.Bytes.Length + 1);
            await RequireAsync(least, kind, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask RequireAsync(int count, string kind, CancellationToken cancellationToken)
    {
        if (!await _window.EnsureAsync(count, cancellationToken).ConfigureAwait(false))
        {
            throw new ImageDamagedException(kind, _window.Offset, "the image ends within it");
        }
    }
}
