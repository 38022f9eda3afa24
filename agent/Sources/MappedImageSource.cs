using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Sources;

/// <summary>
/// Pages from an image file that is mapped into the agent. Every page's checksum is verified before it is handed out, which also
/// brings the page into the processor's cache for the copy that follows.
/// </summary>
public sealed unsafe class MappedImageSource : IPageSource
{
    // A header takes about 4 KiB; this many keep a random walk over 2 GiB from parsing any of them twice.
    private const int CachedHeaders = 1024;

    private readonly CheckpointImage _image;
    private readonly ArraySegment<ExtentEntry> _entries;
    private readonly CachedHeader?[] _headers = new CachedHeader?[CachedHeaders];
    private readonly ExtentDecoder _decoder = new();
    private readonly DecodedBlocks _blocks = new();
    private readonly byte* _base;
    private readonly long _length;

    /// <summary>Maps an image.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <exception cref="LazyRestoreException">It is not a file, or cannot be mapped.</exception>
    public MappedImageSource(CheckpointImage image)
    {
        _image = image;
        _entries = image.Index.InSpace(ExtentAddress.Process);
        Catalog = new ExtentCatalog(
            [.. _entries.Select(entry => entry.Address.Address)], [.. _entries.Select(entry => (ushort)entry.PresentPages)]);
        FileImageBytes file = image.Bytes as FileImageBytes
            ?? throw new LazyRestoreException(FailureReason.Unsupported, "pages can be served from an image file only");
        _length = file.Length;

        // The very file that was opened: its name may stand for another one by now.
        void* address = mmap(null, (size_t)(ulong)_length, PROT_READ, MAP_SHARED, (int)file.Handle.DangerousGetHandle(), 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, "the image");
        }

        _base = (byte*)address;
    }

    /// <inheritdoc/>
    public ExtentCatalog Catalog { get; }

    /// <inheritdoc/>
    public LazyRestoreException? Problem { get; private set; }

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
            ? FetchMapped(cached.Header, ordinal, count, out fetched)
            : FetchDecoded(extent, cached.Header, ordinal, count, out fetched);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = munmap(_base, (size_t)(ulong)_length);
        _decoder.Dispose();
        _blocks.Dispose();
    }

    private FetchOutcome FetchMapped(ExtentHeader header, int ordinal, int count, out FetchedPages fetched)
    {
        fetched = default;
        long offset = header.Entry.PayloadOffset + ((long)ordinal * ImageLayout.PageSize);
        int readable = IsReadable(offset, (long)count * ImageLayout.PageSize) ? count : IsReadable(offset, ImageLayout.PageSize) ? 1 : 0;
        int intact = 0;
        while (intact < readable && IsIntact(header, ordinal + intact, offset + ((long)intact * ImageLayout.PageSize)))
        {
            intact++;
        }

        if (intact == 0)
        {
            string problem = readable == 0 ? "a page cannot be read" : "a page has another checksum";
            Problem = new ImageDamagedException("extent", offset, problem);
            return FetchOutcome.Damaged;
        }

        fetched = new FetchedPages((nint)(_base + offset), intact);
        return FetchOutcome.Ready;
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
            if (!IsReadable(offset, length))
            {
                throw new ImageDamagedException("extent", offset, "a block cannot be read");
            }

            _decoder.DecodeBlockOf(
                header, ordinal, new ReadOnlySpan<byte>(_base + offset, length), new Span<byte>(pages, ImageLayout.BlockSpan));
            return true;
        }
        catch (ImageDamagedException problem)
        {
            Problem = problem;
            return false;
        }
    }

    // Brings the range in. Where the file has been cut short or the disk fails, that is an error number; an access would be SIGBUS.
    private bool IsReadable(long offset, long length)
    {
        long start = offset & ~(long)(ImageLayout.PageSize - 1);
        return madvise(_base + start, (size_t)(ulong)(offset + length - start), Interop.MADV_POPULATE_READ) == 0
            || errno is not (Interop.Errno.EFAULT or Interop.Errno.EHWPOISON);
    }

    private bool IsIntact(ExtentHeader header, int ordinal, long offset) =>
        PageChecksum.Of(new ReadOnlySpan<byte>(_base + offset, ImageLayout.PageSize)) == header.PageChecksumOf(ordinal);

    private CachedHeader? Find(int extent)
    {
        ref CachedHeader? slot = ref _headers[extent % CachedHeaders];
        if (slot?.Extent == extent)
        {
            return slot;
        }

        try
        {
            return slot = new CachedHeader(extent, _image.ReadHeader(_entries[extent]));
        }
        catch (LazyRestoreException problem)
        {
            Problem = problem;
            return null;
        }
    }
}
