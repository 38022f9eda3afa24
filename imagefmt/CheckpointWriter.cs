using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Writes an image: the header, the other records, then the extents, then <see cref="Commit"/>. One thread uses a writer.
/// What a reader would refuse is refused here, while the process that is being saved still lives.
/// </summary>
public sealed class CheckpointWriter : IDisposable
{
    private readonly ImageSink _sink;
    private readonly ArrayBufferWriter<byte> _record = new();
    private readonly XxHash128 _digest = new();
    private readonly CheckpointBuilder _builder = new();
    private readonly List<ExtentEntry> _entries = [];

    /// <summary>
    /// What stands between an extent's header and its payload: the header of the padding, zeros, the header of the payload.
    /// It is all zeros between two calls.
    /// </summary>
    private readonly byte[] _padding =
        new byte[ExtentHeaderFormat.PadHeaderLength + ImageLayout.PageSize + ExtentHeaderFormat.PayloadHeaderLength];

    /// <summary>The buffers of one write, kept so that writing an extent does not allocate.</summary>
    private readonly ReadOnlyMemory<byte>[] _single = new ReadOnlyMemory<byte>[1];
    private readonly ReadOnlyMemory<byte>[] _gathered = new ReadOnlyMemory<byte>[3];

    /// <summary>The memory that the records speak of, once the first extent has ended them.</summary>
    private ExtentCoverage? _coverage;
    private long _recordsLength;
    private bool _committed;

    private CheckpointWriter(ImageSink sink) => _sink = sink;

    /// <summary>Bytes written so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Pages written so far.</summary>
    public long PagesWritten { get; private set; }

    /// <summary>Writes a file, mode 0600, that appears under its name when it is committed; an older file there is replaced.</summary>
    /// <exception cref="LazyRestoreException">The file cannot be created, or its file system takes no direct writes.</exception>
    public static CheckpointWriter ToFile(string path, FileCaching caching = FileCaching.Cached) => new(new FileSink(path, caching));

    /// <summary>Writes to a stream that need not be seekable and that stays open.</summary>
    public static CheckpointWriter ToStream(Stream stream) => new(new StreamSink(stream));

    /// <summary>Writes a record. The header is the first; no record follows an extent.</summary>
    /// <exception cref="LazyRestoreException">The record cannot be stored, or it cannot be written.</exception>
    public void Write(CheckpointRecord record)
    {
        if (_coverage is not null)
        {
            throw new InvalidOperationException($"a {RecordFormat.KindOf(record)} record cannot follow an extent");
        }

        _record.ResetWrittenCount();
        RecordFormat.Write(_record, record);
        Check(() => _builder.Add(ReadBack(record), BytesWritten));
        _digest.Append(_record.WrittenSpan);
        WriteSingle(_record.WrittenMemory);
    }

    /// <summary>Writes an extent; its payload goes from where it is to the file without a copy.</summary>
    /// <exception cref="LazyRestoreException">It cannot be written.</exception>
    public void Write(EncodedExtent extent)
    {
        ExtentCoverage coverage = EndRecords();
        CheckPresence(extent, coverage);
        long recordOffset = BytesWritten;
        const int Headers = ExtentHeaderFormat.PadHeaderLength + ExtentHeaderFormat.PayloadHeaderLength;
        long payloadOffset = ImageLayout.AlignToPage(recordOffset + extent.Header.Length + Headers);
        int padding = (int)(payloadOffset - recordOffset - extent.Header.Length - Headers);
        Span<byte> payloadHeader = _padding.AsSpan(ExtentHeaderFormat.PadHeaderLength + padding, ExtentHeaderFormat.PayloadHeaderLength);
        _padding[0] = MessagePackCode.Bin16;
        BinaryPrimitives.WriteUInt16BigEndian(_padding.AsSpan(1), (ushort)padding);
        payloadHeader[0] = MessagePackCode.Bin32;
        BinaryPrimitives.WriteInt32BigEndian(payloadHeader[1..], extent.Payload.Length);
        _gathered[0] = extent.Header;
        _gathered[1] = _padding.AsMemory(0, padding + Headers);
        _gathered[2] = extent.Payload;
        _sink.Write(_gathered);
        payloadHeader.Clear();
        _entries.Add(new ExtentEntry
        {
            Address = extent.Address,
            RecordOffset = recordOffset,
            PayloadOffset = payloadOffset,
            PayloadLength = extent.Payload.Length,
            PresentPages = extent.PresentPages,
            Codec = extent.Codec,
            HeaderChecksum = extent.HeaderChecksum,
        });
        BytesWritten = payloadOffset + extent.Payload.Length;
        PagesWritten += extent.PresentPages;
    }

    /// <summary>Writes index and trailer, brings everything to disk and gives the file its name.</summary>
    /// <exception cref="LazyRestoreException">What was written makes no image, or it cannot be written; no file is left.</exception>
    public void Commit()
    {
        ExtentCoverage coverage = EndRecords();
        Span<ExtentEntry> entries = CollectionsMarshal.AsSpan(_entries);
        entries.Sort(static (left, right) => left.Address.CompareTo(right.Address));
        Trailer trailer = new(_recordsLength, BytesWritten);
        Check(() => ExtentRules.CheckIndex(CollectionsMarshal.AsSpan(_entries), coverage, trailer));
        _record.ResetWrittenCount();
        IndexFormat.Write(_record, entries);
        _digest.Append(_record.WrittenSpan);
        WriteSingle(_record.WrittenMemory);
        _record.ResetWrittenCount();
        TrailerFormat.Write(_record, trailer, _digest);
        WriteSingle(_record.WrittenMemory);
        _sink.Commit();
        _committed = true;
    }

    /// <summary>Ends the work; without <see cref="Commit"/> nothing is left of it in the file system.</summary>
    public void Dispose() => _sink.Dispose();

    private ExtentCoverage EndRecords()
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        if (_coverage is null)
        {
            Check(() => _coverage = new ExtentCoverage(_builder.Build(BytesWritten)));
            _recordsLength = BytesWritten;
        }

        return _coverage!;
    }

    /// <summary>Reads what is about to be written, so that limits and impossible values show now.</summary>
    private CheckpointRecord ReadBack(CheckpointRecord record)
    {
        bool fits = _record.WrittenCount <= ImageLimits.Record && BytesWritten <= ImageLimits.Records - _record.WrittenCount;
        RecordHead head = RecordHead.Read(_record.WrittenSpan, RecordFormat.KindOf(record), BytesWritten);
        return fits
            ? RecordFormat.Read(_record.WrittenMemory, head, BytesWritten)!
            : throw new ImageDamagedException(head.Kind, BytesWritten, "the records are larger than an image can hold");
    }

    /// <summary>As <see cref="Check"/>, without an allocation per extent.</summary>
    private void CheckPresence(EncodedExtent extent, ExtentCoverage coverage)
    {
        try
        {
            ExtentRules.CheckPresence(extent.Address, extent.Presence, coverage, BytesWritten);
        }
        catch (ImageDamagedException e)
        {
            throw Refused(e);
        }
    }

    private void WriteSingle(ReadOnlyMemory<byte> bytes)
    {
        _single[0] = bytes;
        _sink.Write(_single);
        BytesWritten += bytes.Length;
    }

    /// <summary>Says of a process that it cannot be stored what a reader would say of the image.</summary>
    private static void Check(Action check)
    {
        try
        {
            check();
        }
        catch (ImageDamagedException e)
        {
            throw Refused(e);
        }
    }

    private static LazyRestoreException Refused(ImageDamagedException e) => new(
        FailureReason.Unsupported, $"the process cannot be stored in an image: {e.Record} record: {e.Problem}", innerException: e);
}
