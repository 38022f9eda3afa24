using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Sources;

/// <summary>
/// Pages from an image file, read into a buffer that stays in the processor's cache, verified there, and placed from there. Each page is
/// needed once, so a mapping of the file would cost more than the copy that it saves: a page table entry for every page, and on a virtual machine
/// another one of the hypervisor's. What was verified is also what is placed, whatever happens to the file in between, and
/// a file that is cut short or a disk that fails is an error number, not a SIGBUS.
/// </summary>
public sealed unsafe class ImageFileSource : IPageSource
{
    // A header takes about 4 KiB; this many keep a random walk over 2 GiB from parsing any of them twice.
    private const int CachedHeaders = 1024;

    private readonly CheckpointImage _image;
    private readonly ArraySegment<ExtentEntry> _entries;
    private readonly CachedHeader?[] _headers = new CachedHeader?[CachedHeaders];
    private readonly ExtentDecoder _decoder = new();
    private readonly DecodedBlocks _blocks = new();
    private readonly int _file;
    private byte* _buffer;
    private long _bytesRead;

    /// <summary>Creates the source of an image.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <param name="space">Whose pages: those of the address space, or of a memory object, whose addresses are offsets.</param>
    /// <exception cref="LazyRestoreException">It is not a file.</exception>
    public ImageFileSource(CheckpointImage image, int space = ExtentAddress.Process)
    {
        _image = image;
        _entries = image.Index.InSpace(space);
        Catalog = new ExtentCatalog(
            [.. _entries.Select(entry => entry.Address.Address)], [.. _entries.Select(entry => (ushort)entry.PresentPages)]);
        FileImageBytes file = image.Bytes as FileImageBytes
            ?? throw new LazyRestoreException(FailureReason.Unsupported, "pages can be served from an image file only");

        // The very file that was opened: its name may stand for another one by now.
        _file = (int)file.Handle.DangerousGetHandle();
        _buffer = (byte*)NativeMemory.AlignedAlloc(ImageLayout.ExtentSpan, ImageLayout.PageSize);
    }

    /// <inheritdoc/>
    public ExtentCatalog Catalog { get; }

    /// <inheritdoc/>
    public LazyRestoreException? Problem { get; private set; }

    /// <inheritdoc/>
    public SourceTraffic Traffic => new("file", Volatile.Read(ref _bytesRead), Requests: 0, Retries: 0);

    /// <inheritdoc/>
    public FetchOutcome Open(int extent, out ReadOnlySpan<ulong> presence)
    {
        CachedHeader? cached = Find(extent);
        presence = cached is null ? default : cached.Presence;
        return cached is null ? FetchOutcome.Damaged : FetchOutcome.Ready;
    }

    /// <inheritdoc/>
    public FetchOutcome Fetch(int extent, int page, int count, out FetchedPages fetched)
    {
        fetched = default;
        if (Find(extent) is not { } cached)
        {
            return FetchOutcome.Damaged;
        }

        int ordinal = cached.Header.Presence.Rank(page);
        return cached.Header.Codec == ExtentCodec.None
            ? FetchPlain(cached.Header, ordinal, count, out fetched)
            : FetchDecoded(extent, cached.Header, ordinal, count, out fetched);
    }

    /// <inheritdoc/>
    public FetchOutcome FetchInto(int extent, int page, int count, byte* destination)
    {
        if (Find(extent) is not { } cached || cached.Header.PresentPages != ImageLayout.PagesPerExtent)
        {
            return FetchOutcome.Damaged;
        }

        // A block at a time, so that what has been read is verified while the processor's nearest cache has it.
        for (int done = 0; done < count; done += ImageLayout.PagesPerBlock)
        {
            byte* block = destination + ((long)done * ImageLayout.PageSize);
            bool isIntact = cached.Header.Codec == ExtentCodec.None
                ? ReadIntact(cached.Header, page + done, ImageLayout.PagesPerBlock, block) == ImageLayout.PagesPerBlock
                : TryDecode(cached.Header, page + done, block);
            if (!isIntact)
            {
                return FetchOutcome.Damaged;
            }
        }

        return FetchOutcome.Ready;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_buffer);
        _buffer = null;
        _decoder.Dispose();
        _blocks.Dispose();
    }

    private FetchOutcome FetchPlain(ExtentHeader header, int ordinal, int count, out FetchedPages fetched)
    {
        int intact = ReadIntact(header, ordinal, Math.Min(count, ImageLayout.PagesPerExtent), _buffer);
        fetched = new FetchedPages((nint)_buffer, intact);
        return intact == 0 ? FetchOutcome.Damaged : FetchOutcome.Ready;
    }

    /// <summary>Reads pages that are stored as they are, up to the first that is damaged, which makes the problem.</summary>
    private int ReadIntact(ExtentHeader header, int ordinal, int count, byte* destination)
    {
        long offset = header.Entry.PayloadOffset + ((long)ordinal * ImageLayout.PageSize);
        int read = Read(offset, count * ImageLayout.PageSize, destination) / ImageLayout.PageSize;
        int intact = 0;
        while (intact < read && IsIntact(header, ordinal + intact, destination + (intact * ImageLayout.PageSize)))
        {
            intact++;
        }

        if (intact < count)
        {
            Problem = new ImageDamagedException(
                "extent",
                offset + ((long)intact * ImageLayout.PageSize),
                intact == read ? "a page cannot be read" : "a page has another checksum");
        }

        return intact;
    }

    private FetchOutcome FetchDecoded(int extent, ExtentHeader header, int ordinal, int count, out FetchedPages fetched)
    {
        fetched = default;
        int block = ordinal / ImageLayout.PagesPerBlock;
        int first = block * ImageLayout.PagesPerBlock;
        byte* pages = _blocks.Get(extent, block, out bool isDecoded);
        if (!isDecoded && !TryDecode(header, ordinal, pages))
        {
            _blocks.Forget(extent, block);
            return FetchOutcome.Damaged;
        }

        int end = Math.Min(first + ImageLayout.PagesPerBlock, header.PresentPages);
        fetched = new FetchedPages((nint)(pages + ((long)(ordinal - first) * ImageLayout.PageSize)), Math.Min(count, end - ordinal));
        return FetchOutcome.Ready;
    }

    private bool TryDecode(ExtentHeader header, int ordinal, byte* pages)
    {
        (int start, int length) = ExtentDecoder.RangeOf(header, ordinal);
        long offset = header.Entry.PayloadOffset + start;
        try
        {
            if (length > ImageLayout.ExtentSpan || Read(offset, length, _buffer) < length)
            {
                throw new ImageDamagedException("extent", offset, "a block cannot be read");
            }

            _decoder.DecodeBlockOf(
                header, ordinal, new ReadOnlySpan<byte>(_buffer, length), new Span<byte>(pages, ImageLayout.BlockSpan));
            return true;
        }
        catch (ImageDamagedException problem)
        {
            Problem = problem;
            return false;
        }
    }

    /// <summary>Reads from the file; fewer bytes than asked for where it ends or the disk fails.</summary>
    private int Read(long offset, int length, byte* destination)
    {
        int done = 0;
        while (done < length)
        {
            long count = (long)pread(_file, destination + done, length - done, offset + done);
            if (count > 0)
            {
                done += (int)count;
            }
            else if (count == 0 || errno != Interop.Errno.EINTR)
            {
                break;
            }
        }

        Volatile.Write(ref _bytesRead, _bytesRead + done);
        return done;
    }

    private static bool IsIntact(ExtentHeader header, int ordinal, byte* page) =>
        PageChecksum.Of(new ReadOnlySpan<byte>(page, ImageLayout.PageSize)) == header.PageChecksumOf(ordinal);

    private CachedHeader? Find(int extent)
    {
        ref CachedHeader? slot = ref _headers[extent % CachedHeaders];
        if (slot?.Extent == extent)
        {
            return slot;
        }

        try
        {
            slot ??= new CachedHeader();
            slot.Read(_image, _entries[extent], extent);
            return slot;
        }
        catch (LazyRestoreException problem)
        {
            Problem = problem;
            return null;
        }
    }
}
