using K4os.Compression.LZ4;
using ZstdSharp;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Takes pages out of payloads, wherever those are, and lets none pass whose checksum is wrong. One thread uses a decoder at a
/// time; it keeps its buffers, so decoding does not allocate.
/// </summary>
public sealed class ExtentDecoder : IDisposable
{
    private readonly byte[] _block = new byte[ImageLayout.BlockSpan];
    private Decompressor? _zstd;

    /// <summary>Where in the payload the bytes stand that <see cref="DecodePage"/> needs for a page.</summary>
    /// <returns>Offset and length within the payload: one page, or the block that holds it.</returns>
    public static (int Offset, int Length) RangeOf(ExtentHeader header, int ordinal)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)ordinal, (uint)header.PresentPages, nameof(ordinal));
        int block = ordinal / ImageLayout.PagesPerBlock;
        return header.Codec == ExtentCodec.None
            ? (ordinal * ImageLayout.PageSize, ImageLayout.PageSize)
            : (header.BlockStart(block), header.BlockLength(block));
    }

    /// <summary>Decodes and verifies one page.</summary>
    /// <param name="header">The extent's header.</param>
    /// <param name="ordinal">The page's ordinal among those present.</param>
    /// <param name="stored">The bytes of the payload that <see cref="RangeOf"/> names.</param>
    /// <param name="page">Where the page goes, 4096 bytes.</param>
    /// <exception cref="ImageDamagedException">The bytes are not those that were written.</exception>
    public void DecodePage(ExtentHeader header, int ordinal, ReadOnlySpan<byte> stored, Span<byte> page)
    {
        if (header.Codec == ExtentCodec.None)
        {
            stored.CopyTo(page);
        }
        else
        {
            int block = ordinal / ImageLayout.PagesPerBlock;
            Span<byte> decoded = _block.AsSpan(0, header.BlockPages(block) * ImageLayout.PageSize);
            DecodeBlock(header, block, stored, decoded);
            decoded.Slice(ordinal % ImageLayout.PagesPerBlock * ImageLayout.PageSize, ImageLayout.PageSize).CopyTo(page);
        }

        VerifyPage(header, ordinal, page);
    }

    /// <summary>Decodes and verifies the block that holds a page of a compressed extent.</summary>
    /// <param name="header">The extent's header; its codec is not none.</param>
    /// <param name="ordinal">The page's ordinal among those present.</param>
    /// <param name="stored">The bytes of the payload that <see cref="RangeOf"/> names.</param>
    /// <param name="pages">Where the block's pages go, one after another.</param>
    /// <returns>How many pages the block holds; the first one's ordinal is a multiple of <see cref="ImageLayout.PagesPerBlock"/>.</returns>
    /// <exception cref="ImageDamagedException">The bytes are not those that were written.</exception>
    public int DecodeBlockOf(ExtentHeader header, int ordinal, ReadOnlySpan<byte> stored, Span<byte> pages)
    {
        int block = ordinal / ImageLayout.PagesPerBlock;
        int count = header.BlockPages(block);
        pages = pages[..(count * ImageLayout.PageSize)];
        DecodeBlock(header, block, stored, pages);
        for (int page = 0; page < count; page++)
        {
            VerifyPage(header, (block * ImageLayout.PagesPerBlock) + page, pages.Slice(page * ImageLayout.PageSize, ImageLayout.PageSize));
        }

        return count;
    }

    /// <summary>Decodes and verifies all pages of an extent.</summary>
    /// <param name="header">The extent's header.</param>
    /// <param name="payload">The whole payload.</param>
    /// <param name="pages">Where the present pages go, one after another.</param>
    /// <exception cref="ImageDamagedException">The bytes are not those that were written.</exception>
    public void DecodeAll(ExtentHeader header, ReadOnlySpan<byte> payload, Span<byte> pages)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(payload.Length, header.Entry.PayloadLength, nameof(payload));
        pages = pages[..(header.PresentPages * ImageLayout.PageSize)];
        if (header.Codec == ExtentCodec.None)
        {
            payload.CopyTo(pages);
        }

        for (int block = 0; block < header.BlockCount; block++)
        {
            ReadOnlySpan<byte> stored = payload.Slice(header.BlockStart(block), header.BlockLength(block));
            DecodeBlock(
                header, block, stored, pages.Slice(block * ImageLayout.BlockSpan, header.BlockPages(block) * ImageLayout.PageSize));
        }

        VerifyPages(header, 0, pages);
    }

    /// <summary>Verifies pages that stand decoded one after another, such as the payload of codec none.</summary>
    /// <param name="header">The extent's header.</param>
    /// <param name="ordinal">The first page's ordinal among those present.</param>
    /// <param name="pages">Whole pages.</param>
    /// <exception cref="ImageDamagedException">A page is not the one that was written.</exception>
    public static void VerifyPages(ExtentHeader header, int ordinal, ReadOnlySpan<byte> pages)
    {
        for (; !pages.IsEmpty; ordinal++, pages = pages[ImageLayout.PageSize..])
        {
            VerifyPage(header, ordinal, pages[..ImageLayout.PageSize]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _zstd?.Dispose();

    private void DecodeBlock(ExtentHeader header, int block, ReadOnlySpan<byte> stored, Span<byte> decoded)
    {
        if (PageChecksum.Of(stored) != header.BlockChecksumOf(block))
        {
            throw Damaged(header, header.BlockStart(block), $"block {block} has another checksum");
        }

        if (stored.Length == decoded.Length)
        {
            stored.CopyTo(decoded);
        }
        else if (!Decompress(header.Codec, stored, decoded))
        {
            throw Damaged(header, header.BlockStart(block), $"block {block} cannot be decompressed");
        }
    }

    private bool Decompress(ExtentCodec codec, ReadOnlySpan<byte> stored, Span<byte> decoded)
    {
        if (codec == ExtentCodec.Lz4)
        {
            return LZ4Codec.Decode(stored, decoded) == decoded.Length;
        }

        _zstd ??= new Decompressor();
        return _zstd.TryUnwrap(stored, decoded, out int written) && written == decoded.Length;
    }

    private static void VerifyPage(ExtentHeader header, int ordinal, ReadOnlySpan<byte> page)
    {
        if (PageChecksum.Of(page) != header.PageChecksumOf(ordinal))
        {
            throw Damaged(header, RangeOf(header, ordinal).Offset, $"stored page {ordinal} has another checksum");
        }
    }

    private static ImageDamagedException Damaged(ExtentHeader header, int payloadOffset, string problem) =>
        new("extent", header.Entry.PayloadOffset + payloadOffset, problem);
}
