using System.Buffers;
using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// Takes pages of an extent as they come, and verifies each before anyone can see it. What was taken stays taken: another attempt asks for
/// the rest. While it is not disposed its buffer stays with the extent.
/// </summary>
internal sealed class PageAnswer : IAnswerSink, IDisposable
{
    private const int MostAttempts = 3;
    private readonly RemoteExtents _extents;
    private readonly ExtentBuffer _buffer;
    private readonly int _extent;
    private readonly int _end;
    private readonly Action? _onComplete;
    private readonly Lock _lock = new();
    private bool _isDisposed;
    private ExtentDecoder? _decoder;
    private ExtentHeader? _header;
    private byte[] _pending = [];
    private int _gathered;
    private byte[] _decoded = [];
    private int _page;
    private int _damages;
    private int _damagedAt = -1;

    /// <summary>Creates a place for pages.</summary>
    /// <param name="extents">The heads that have come.</param>
    /// <param name="buffer">Where the pages go; nobody gives it to another extent meanwhile.</param>
    /// <param name="page">The first page that is wanted.</param>
    /// <param name="end">The page after the last.</param>
    /// <param name="onComplete">Hears of it when the last of them has come, on the thread that brings it.</param>
    internal PageAnswer(RemoteExtents extents, ExtentBuffer buffer, int page, int end, Action? onComplete = null)
    {
        buffer.Count(1);
        _extents = extents;
        _buffer = buffer;
        _extent = buffer.Extent;
        _page = page;
        _end = end;
        _onComplete = onComplete;
    }

    /// <summary>Takes bytes of an extent's record that were verified.</summary>
    internal delegate void VerifiedBytes(int offset, ReadOnlySpan<byte> bytes);

    /// <summary>What the index says of the extent.</summary>
    internal ExtentEntry Entry => _extents.Entry(_extent);

    /// <summary>The extent's head; null when it is not here.</summary>
    internal ExtentHeader? Header => _extents.Header(_extent);

    /// <summary>
    /// Takes what was verified, as it came: an offset from the beginning of the extent's record, and bytes. Several answers may call it at once.
    /// Null when nobody keeps it.
    /// </summary>
    internal VerifiedBytes? Verified { get; set; }

    /// <summary>Whether nothing is left to ask for.</summary>
    internal bool IsComplete => _extents.Header(_extent) is not null && _page >= _end;

    /// <summary>What is still missing.</summary>
    internal PagesQuery Query() => new(_extents.PlaceOf(_extent), Math.Min(_page, ImageLayout.PagesPerExtent - 1), _end - _page, _extents.Header(_extent) is null);

    /// <summary>A place for another answer to the same question, with the same buffer; several may be filled at once.</summary>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    internal PageAnswer Again()
    {
        lock (_lock)
        {
            return _isDisposed ? throw new OperationCanceledException() : new PageAnswer(_extents, _buffer, _page, _end, _onComplete) { Verified = Verified };
        }
    }

    /// <summary>Leaves out what has come with another answer.</summary>
    internal void PassArrived()
    {
        if (_extents.Header(_extent) is not { } header)
        {
            return;
        }

        SkipAbsent(header);
        while (_page < _end && header.Presence.Rank(_page) is var ordinal && (_buffer.HasArrived(ordinal) || _buffer.HasFailed(ordinal)))
        {
            _page++;
            SkipAbsent(header);
        }
    }

    /// <summary>An answer to a question begins.</summary>
    internal void Begin(PagesQuery query)
    {
        _extents.Meter.AddAttempt();
        _gathered = 0;
        _header = null;
        if (!query.WithHead)
        {
            SetHeader(_extents.Header(_extent)!);
        }
    }

    /// <summary>The answer has ended.</summary>
    /// <exception cref="PageProtocolException">It was too short.</exception>
    internal void End()
    {
        if (_header is null || _page < _end)
        {
            throw new PageProtocolException("an answer is shorter than what was asked for");
        }
    }

    /// <summary>Something was damaged: it is asked for again some times, then left out.</summary>
    /// <returns>False when nothing of the extent can be had.</returns>
    internal bool GoOnAfterDamage()
    {
        _damages = _damagedAt == _page ? _damages + 1 : 1;
        _damagedAt = _page;
        if (_damages < MostAttempts)
        {
            return true;
        }

        if (_extents.Header(_extent) is not { } header)
        {
            return false;
        }

        int ordinal = header.Presence.Rank(_page);
        Pass(header, ordinal, Unit(header, ordinal).Pages, _buffer.Fail);
        return true;
    }

    /// <inheritdoc/>
    public void Append(in ReadOnlySequence<byte> bytes)
    {
        _extents.Meter.AddBytes(bytes.Length);
        foreach (ReadOnlyMemory<byte> memory in bytes)
        {
            ReadOnlySpan<byte> part = memory.Span;
            while (!part.IsEmpty)
            {
                part = part[Take(part)..];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _decoder?.Dispose();
        _buffer.Count(-1);
    }

    private int Take(ReadOnlySpan<byte> part)
    {
        int needed;
        if (_header is not { } header)
        {
            needed = _extents.Entry(_extent).HeadLength;
        }
        else if (_page < _end)
        {
            needed = Unit(header, header.Presence.Rank(_page)).Length;
        }
        else
        {
            throw new PageProtocolException("an answer is longer than what was asked for");
        }

        // What came in one piece is used where it is.
        if (_gathered == 0 && part.Length >= needed)
        {
            Use(part[..needed]);
            return needed;
        }

        if (_pending.Length < needed)
        {
            _pending = new byte[Math.Max(needed, ImageLayout.BlockSpan)];
        }

        int count = Math.Min(needed - _gathered, part.Length);
        part[..count].CopyTo(_pending.AsSpan(_gathered));
        _gathered += count;
        if (_gathered == needed)
        {
            _gathered = 0;
            Use(_pending.AsSpan(0, needed));
        }

        return count;
    }

    private void Use(ReadOnlySpan<byte> bytes)
    {
        if (_header is not { } header)
        {
            SetHeader(_extents.Add(_extent, bytes));
            Verified?.Invoke(0, bytes);
            return;
        }

        int ordinal = header.Presence.Rank(_page);
        if (header.Codec == ExtentCodec.None)
        {
            ExtentDecoder.VerifyPages(header, ordinal, bytes);
            _buffer.Arrive(ordinal, bytes);
            Verified?.Invoke(OffsetInRecord(header, ordinal), bytes);
            Pass(header, ordinal, 1, static _ => { });
            return;
        }

        if (_decoded.Length == 0)
        {
            _decoded = new byte[ImageLayout.BlockSpan];
        }

        int pages = (_decoder ??= new ExtentDecoder()).DecodeBlockOf(header, ordinal, bytes, _decoded);
        Verified?.Invoke(OffsetInRecord(header, ordinal), bytes);
        int first = ordinal - (ordinal % ImageLayout.PagesPerBlock);
        for (int place = 0; place < pages; place++)
        {
            _buffer.Arrive(first + place, _decoded.AsSpan(place * ImageLayout.PageSize, ImageLayout.PageSize));
        }

        Pass(header, ordinal, pages - (ordinal - first), static _ => { });
    }

    private static int OffsetInRecord(ExtentHeader header, int ordinal) => header.Entry.HeadLength + ExtentDecoder.RangeOf(header, ordinal).Offset;

    private void SetHeader(ExtentHeader header)
    {
        _header = header;
        SkipAbsent(header);
    }

    // A page that is stored as it is, or the block that a page is in: how long, and how many pages from this one on.
    private static (int Length, int Pages) Unit(ExtentHeader header, int ordinal)
    {
        int length = ExtentDecoder.RangeOf(header, ordinal).Length;
        return header.Codec == ExtentCodec.None
            ? (length, 1)
            : (length, Math.Min(ImageLayout.PagesPerBlock - (ordinal % ImageLayout.PagesPerBlock), header.PresentPages - ordinal));
    }

    private void Pass(ExtentHeader header, int ordinal, int count, Action<int> note)
    {
        for (int passed = 0; passed < count; passed++)
        {
            note(ordinal + passed);
            _page++;
            SkipAbsent(header);
        }

        if (_page >= _end)
        {
            _onComplete?.Invoke();
        }
    }

    private void SkipAbsent(ExtentHeader header)
    {
        while (_page < ImageLayout.PagesPerExtent && !header.Presence[_page])
        {
            _page++;
        }
    }
}
