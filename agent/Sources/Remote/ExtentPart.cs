using System.Buffers;
using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// What of an extent's record answers a question: which range of the object has it, and the way of the bytes from a range, however large, to who
/// asked. Where the head of the extent has not come, the range is a guess that has at least that; there may be something left to ask for then.
/// </summary>
internal sealed class ExtentPart
{
    /// <summary>So many bytes too many take less time than another question.</summary>
    internal const int MostWaste = 256 << 10;

    private readonly PageAnswer _sink;
    private readonly PagesQuery _query;
    private readonly ExtentEntry _entry;

    // What the sink takes next, and where that ends: the head, then what follows from it.
    private ByteRange _wanted;
    private bool _hasHead;

    /// <summary>Begins an answer.</summary>
    /// <param name="sink">Who asked.</param>
    /// <param name="query">What for; the sink has been told that its answer begins.</param>
    /// <param name="isBulk">Whether nobody waits, so that the whole extent is brought with its head.</param>
    internal ExtentPart(PageAnswer sink, PagesQuery query, bool isBulk)
    {
        _sink = sink;
        _query = query;
        _entry = sink.Entry;
        _hasHead = !query.WithHead;
        _wanted = _hasHead ? Payload() : ByteRange.Between(_entry.RecordOffset, _entry.PayloadOffset);
        Range = _hasHead ? _wanted : ByteRange.Between(_entry.RecordOffset, _entry.PayloadOffset + Guess(isBulk));
    }

    /// <summary>What it takes next; empty when it has all, as far as is known.</summary>
    internal ByteRange Wanted => _wanted;

    /// <summary>The bytes to ask for; empty when nothing is needed.</summary>
    internal ByteRange Range { get; }

    /// <summary>Takes what it needs of bytes that come in order.</summary>
    /// <param name="offset">Where they stand in the object.</param>
    /// <param name="bytes">Bytes of the range, and others.</param>
    /// <exception cref="ImageDamagedException">They are not those that were checkpointed.</exception>
    internal void Take(long offset, ReadOnlyMemory<byte> bytes)
    {
        while (_wanted.Length > 0 && offset + bytes.Length > _wanted.Offset && offset <= _wanted.Offset)
        {
            int skipped = (int)(_wanted.Offset - offset);
            int count = (int)Math.Min(bytes.Length - skipped, _wanted.Length);
            _sink.Append(new ReadOnlySequence<byte>(bytes.Slice(skipped, count)));
            _wanted = ByteRange.Between(_wanted.Offset + count, _wanted.End);
            if (_wanted.Length == 0 && !_hasHead)
            {
                _hasHead = true;
                _wanted = Payload();
            }
        }
    }

    private ByteRange Payload()
    {
        ExtentHeader header = _sink.Header!;
        int first = header.Presence.Rank(_query.Page);
        int end = header.Presence.Rank(_query.Page + Math.Max(_query.Count, 0));
        if (first >= end)
        {
            return new ByteRange(_entry.PayloadOffset, 0);
        }

        (int lastOffset, int lastLength) = ExtentDecoder.RangeOf(header, end - 1);
        return ByteRange.Between(
            _entry.PayloadOffset + ExtentDecoder.RangeOf(header, first).Offset, _entry.PayloadOffset + lastOffset + lastLength);
    }

    // How much of the payload to bring with the head, which tells where in it the pages are.
    private int Guess(bool isBulk)
    {
        if (_query.Count <= 0)
        {
            return 0;
        }

        int needed = _entry.Codec == ExtentCodec.None
            ? Math.Min(_query.Page + _query.Count, _entry.PresentPages) * ImageLayout.PageSize
            : _entry.PayloadLength;
        return isBulk ? _entry.PayloadLength : needed <= MostWaste ? needed : 0;
    }
}
