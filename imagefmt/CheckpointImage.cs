using System.Buffers;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// An image with random access: the records and the index are read and checked when it is opened, pages when they are asked
/// for. Several threads may read pages at once.
/// </summary>
public sealed class CheckpointImage : IDisposable
{
    /// <summary>A decoder per thread that reads pages: decoders keep buffers.</summary>
    private readonly ThreadLocal<ExtentDecoder> _decoder = new(static () => new ExtentDecoder(), trackAllValues: true);

    private CheckpointImage(IImageBytes bytes, ImageContents contents)
    {
        Bytes = bytes;
        Contents = contents;
        Checkpoint = contents.Checkpoint;
    }

    /// <summary>How many bytes from the beginning are read to tell an image from something else, where it has that many.</summary>
    public static int FirstRead => ImageLimits.Header;

    /// <summary>The records: those of the image, unless <see cref="Alter"/> has changed them.</summary>
    public Checkpoint Checkpoint { get; private set; }

    /// <summary>The extents.</summary>
    public ExtentIndex Index => Contents.Index;

    /// <summary>Where the records end and the first extent begins, in bytes.</summary>
    public long ExtentsStart => Contents.Trailer.RecordsLength;

    /// <summary>Where the last extent ends and the index begins; the trailer follows it and ends the image.</summary>
    public long ExtentsEnd => Contents.Trailer.IndexOffset;

    /// <summary>The bytes the image is read from.</summary>
    public IImageBytes Bytes { get; }

    /// <summary>What was read when the image was opened.</summary>
    internal ImageContents Contents { get; }

    /// <summary>Changes the records for all who use this from now on; the image itself stays as it is.</summary>
    public void Alter(Func<Checkpoint, Checkpoint> change) => Checkpoint = change(Checkpoint);

    /// <summary>Opens an image file.</summary>
    /// <exception cref="ImageDamagedException">It is no image, or records or index are damaged.</exception>
    /// <exception cref="LazyRestoreException">It cannot be read, or a newer version made it.</exception>
    public static CheckpointImage OpenFile(string path) => Open(new FileImageBytes(path));

    /// <summary>Opens an image wherever it is. Costs a read of records and index, whatever the size of the memory.</summary>
    /// <param name="bytes">The bytes; they are disposed with the image, and when it cannot be opened.</param>
    /// <exception cref="ImageDamagedException">It is no image, or records or index are damaged.</exception>
    /// <exception cref="LazyRestoreException">It cannot be read, or a newer version made it.</exception>
    public static CheckpointImage Open(IImageBytes bytes)
    {
        try
        {
            return new CheckpointImage(bytes, ImageContents.Read(bytes));
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Reads the header of an extent and checks it against the index and the memory map.</summary>
    /// <param name="entry">The extent.</param>
    /// <param name="reuse">A header that nobody needs any more; it may be overwritten, whatever comes of it.</param>
    /// <exception cref="ImageDamagedException">It is damaged.</exception>
    public ExtentHeader ReadHeader(ExtentEntry entry, ExtentHeader? reuse = null)
    {
        byte[] head = ArrayPool<byte>.Shared.Rent(entry.HeadLength);
        try
        {
            Span<byte> span = head.AsSpan(0, entry.HeadLength);
            ReadExtent(entry, entry.RecordOffset, span);
            return ParseHeader(entry, span, reuse);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    /// <summary>Reads the header of an extent out of bytes that came in another way, and checks it against the index and the memory map.</summary>
    /// <param name="entry">The extent.</param>
    /// <param name="head">The <see cref="ExtentEntry.HeadLength"/> bytes from the beginning of its record.</param>
    /// <param name="reuse">A header that nobody needs any more.</param>
    /// <exception cref="ImageDamagedException">It is damaged.</exception>
    public ExtentHeader ParseHeader(in ExtentEntry entry, ReadOnlySpan<byte> head, ExtentHeader? reuse = null)
    {
        ExtentHeader header = ExtentHeader.Parse(entry, head, reuse);
        ExtentRules.CheckPresence(header.Address, header.Presence, Contents.Coverage, entry.RecordOffset);
        return header;
    }

    /// <summary>Reads, decodes and verifies one page.</summary>
    /// <param name="entry">The extent.</param>
    /// <param name="header">Its header.</param>
    /// <param name="presentOrdinal">The page's ordinal among those present: <see cref="PagePresence.Rank"/> of the page.</param>
    /// <param name="page">Where it goes, 4096 bytes.</param>
    /// <exception cref="ImageDamagedException">It is damaged.</exception>
    public void ReadPage(ExtentEntry entry, ExtentHeader header, int presentOrdinal, Span<byte> page)
    {
        (int offset, int length) = ExtentDecoder.RangeOf(header, presentOrdinal);
        byte[] stored = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            ReadExtent(entry, entry.PayloadOffset + offset, stored.AsSpan(0, length));
            _decoder.Value!.DecodePage(header, presentOrdinal, stored.AsSpan(0, length), page);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    /// <summary>Reads and verifies pages that are stored as they are, with codec none, one after another.</summary>
    /// <param name="entry">The extent.</param>
    /// <param name="header">Its header.</param>
    /// <param name="presentOrdinal">The first page's ordinal among those present.</param>
    /// <param name="pages">Where they go; its length tells how many.</param>
    /// <exception cref="ImageDamagedException">One of them is damaged.</exception>
    public void ReadStoredPages(ExtentEntry entry, ExtentHeader header, int presentOrdinal, Span<byte> pages)
    {
        ReadExtent(entry, entry.PayloadOffset + ((long)presentOrdinal * ImageLayout.PageSize), pages);
        ExtentDecoder.VerifyPages(header, presentOrdinal, pages);
    }

    /// <summary>Reads, decodes and verifies all pages of an extent.</summary>
    /// <param name="entry">The extent.</param>
    /// <param name="header">Its header.</param>
    /// <param name="pages">Where the present pages go one after another; at least as long as they are.</param>
    /// <exception cref="ImageDamagedException">One of them is damaged.</exception>
    public void ReadPages(ExtentEntry entry, ExtentHeader header, Span<byte> pages)
    {
        byte[] payload = ArrayPool<byte>.Shared.Rent(entry.PayloadLength);
        try
        {
            ReadExtent(entry, entry.PayloadOffset, payload.AsSpan(0, entry.PayloadLength));
            _decoder.Value!.DecodeAll(header, payload.AsSpan(0, entry.PayloadLength), pages);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(payload);
        }
    }

    /// <summary>Reads every extent and checks every digest; records and index were checked when the image was opened.</summary>
    /// <param name="progress">Told the number of verified bytes after each extent.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>What was read, and the first damage.</returns>
    public VerificationReport Verify(IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        byte[] pages = new byte[Index.LargestExtentPages * ImageLayout.PageSize];
        long bytes = Bytes.Length - Index.Entries.Sum(static e => e.EndOffset - e.RecordOffset);
        VerificationReport report = new() { BytesVerified = bytes };
        foreach (ExtentEntry entry in Index.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                ReadPages(entry, ReadHeader(entry), pages);
            }
            catch (ImageDamagedException e)
            {
                return report with { Problem = e };
            }

            report = report with
            {
                ExtentsVerified = report.ExtentsVerified + 1,
                PagesVerified = report.PagesVerified + entry.PresentPages,
                BytesVerified = report.BytesVerified + entry.EndOffset - entry.RecordOffset,
            };
            progress?.Report(report.BytesVerified);
        }

        return report;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ExtentDecoder decoder in _decoder.Values)
        {
            decoder.Dispose();
        }

        _decoder.Dispose();
        Bytes.Dispose();
    }

    private void ReadExtent(in ExtentEntry entry, long offset, Span<byte> destination)
    {
        try
        {
            Bytes.Read(offset, destination);
        }
        catch (EndOfStreamException e)
        {
            throw new ImageDamagedException("extent", entry.RecordOffset, e.Message, e);
        }
    }
}
