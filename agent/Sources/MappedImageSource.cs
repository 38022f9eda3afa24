using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using Microsoft.Win32.SafeHandles;
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
    private const int FewPages = 4;
    private readonly CheckpointImage _image;
    private readonly ArraySegment<ExtentEntry> _entries;
    private readonly CachedHeader?[] _headers = new CachedHeader?[CachedHeaders];
    private readonly byte* _base;
    private readonly ulong _length;
    private byte* _decoded;
    private int _decodedExtent = -1;

    /// <summary>Maps an image file.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <param name="path">Its file.</param>
    public MappedImageSource(CheckpointImage image, string path)
    {
        _image = image;
        _entries = image.Index.InSpace(ExtentAddress.Process);
        Catalog = new ExtentCatalog(
            [.. _entries.Select(entry => entry.Address.Address)], [.. _entries.Select(entry => (ushort)entry.PresentPages)]);
        using SafeFileHandle file = File.OpenHandle(path);
        _length = (ulong)RandomAccess.GetLength(file);
        void* address = mmap(null, (size_t)_length, PROT_READ, MAP_PRIVATE, (int)file.DangerousGetHandle(), 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, path);
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
        _ = munmap(_base, (size_t)_length);
        NativeMemory.AlignedFree(_decoded);
        _decoded = null;
    }

    private FetchOutcome FetchMapped(ExtentHeader header, int ordinal, int count, out FetchedPages fetched)
    {
        byte* pages = _base + header.Entry.PayloadOffset + ((long)ordinal * ImageLayout.PageSize);
        int intact = 0;
        while (intact < count
            && PageChecksum.Of(new ReadOnlySpan<byte>(pages + ((long)intact * ImageLayout.PageSize), ImageLayout.PageSize))
                == header.PageChecksumOf(ordinal + intact))
        {
            intact++;
        }

        fetched = new FetchedPages((nint)pages, intact);
        return intact > 0 ? FetchOutcome.Ready : Damaged(header, ordinal);
    }

    private FetchOutcome FetchDecoded(int extent, ExtentHeader header, int ordinal, int count, out FetchedPages fetched)
    {
        fetched = default;
        if (_decoded == null)
        {
            _decoded = (byte*)NativeMemory.AlignedAlloc(ImageLayout.ExtentSpan, ImageLayout.PageSize);
        }

        try
        {
            if (_decodedExtent == extent)
            {
                fetched = new FetchedPages((nint)(_decoded + ((long)ordinal * ImageLayout.PageSize)), count);
            }
            else if (count <= FewPages)
            {
                _decodedExtent = -1;
                _image.ReadPage(header.Entry, header, ordinal, new Span<byte>(_decoded, ImageLayout.PageSize));
                fetched = new FetchedPages((nint)_decoded, 1);
            }
            else
            {
                _decodedExtent = -1;
                _image.ReadPages(header.Entry, header, new Span<byte>(_decoded, ImageLayout.ExtentSpan));
                _decodedExtent = extent;
                fetched = new FetchedPages((nint)(_decoded + ((long)ordinal * ImageLayout.PageSize)), count);
            }

            return FetchOutcome.Ready;
        }
        catch (LazyRestoreException problem)
        {
            Problem = problem;
            return FetchOutcome.Damaged;
        }
    }

    private FetchOutcome Damaged(ExtentHeader header, int ordinal)
    {
        Problem = new ImageDamagedException(
            "extent", header.Entry.PayloadOffset + ((long)ordinal * ImageLayout.PageSize), "a page does not match its checksum");
        return FetchOutcome.Damaged;
    }

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

    private sealed class CachedHeader
    {
        private readonly ulong[] _presence = new ulong[PagePresence.ByteCount / sizeof(ulong)];

        internal CachedHeader(int extent, ExtentHeader header)
        {
            Extent = extent;
            Header = header;
            header.Presence.CopyTo(MemoryMarshal.AsBytes(_presence.AsSpan()));
        }

        internal int Extent { get; }

        internal ExtentHeader Header { get; }

        internal ReadOnlySpan<ulong> Presence => _presence;
    }
}
