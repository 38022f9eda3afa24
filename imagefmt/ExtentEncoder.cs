using System.Buffers;
using System.Buffers.Binary;
using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Turns pages into extents: computes checksums and compresses. One thread uses an encoder at a time, and it need not be the
/// writer's; it keeps its buffers and its one <see cref="EncodedExtent"/> from call to call, so encoding does not allocate.
/// </summary>
public sealed class ExtentEncoder : IDisposable
{
    private const int MaxBlocks = ImageLayout.PagesPerExtent / ImageLayout.PagesPerBlock;

    private readonly ExtentCodec _codec;
    private readonly BlockCompressor? _compressor;
    private readonly EncodedExtent _extent = new();
    private readonly ArrayBufferWriter<byte> _header = new(ImageLayout.PageSize * 2);

    /// <summary>The values of the header's <c>bin</c> fields, little-endian.</summary>
    private readonly byte[] _checksums = new byte[ImageLayout.PagesPerExtent * 8];
    private readonly byte[] _blockLengths = new byte[MaxBlocks * 4];
    private readonly byte[] _blockChecksums = new byte[MaxBlocks * 8];

    /// <summary>The compressed payload, never longer than the pages; empty for codec none.</summary>
    private readonly byte[] _payload;

    /// <summary>Creates an encoder for one way of storing pages.</summary>
    public ExtentEncoder(ExtentCodec codec)
    {
        _codec = codec;
        _compressor = codec == ExtentCodec.None ? null : new BlockCompressor(codec);
        _payload = codec == ExtentCodec.None ? [] : new byte[ImageLayout.ExtentSpan];
    }

    /// <summary>Encodes an extent.</summary>
    /// <param name="address">Where it begins; a multiple of <see cref="ImageLayout.ExtentSpan"/>.</param>
    /// <param name="presence">The pages that are stored; at least one.</param>
    /// <param name="pages">Those pages one after another. For codec none they must stay as they are until the extent is written.</param>
    /// <returns>The extent, valid until the next call.</returns>
    public EncodedExtent Encode(ExtentAddress address, PagePresence presence, ReadOnlyMemory<byte> pages)
    {
        int count = presence.Count;
        ArgumentOutOfRangeException.ThrowIfZero(count, nameof(presence));
        ArgumentOutOfRangeException.ThrowIfNotEqual(pages.Length, count * ImageLayout.PageSize, nameof(pages));
        ArgumentOutOfRangeException.ThrowIfNotEqual(address.Address % ImageLayout.ExtentSpan, 0UL, nameof(address));
        ArgumentOutOfRangeException.ThrowIfNegative(address.Space, nameof(address));
        ReadOnlySpan<byte> span = pages.Span;
        for (int page = 0; page < count; page++)
        {
            ulong checksum = PageChecksum.Of(span.Slice(page * ImageLayout.PageSize, ImageLayout.PageSize));
            BinaryPrimitives.WriteUInt64LittleEndian(_checksums.AsSpan(page * 8), checksum);
        }

        (int blocks, int length) = _compressor is null ? (0, 0) : Compress(span);
        _header.ResetWrittenCount();
        ExtentHeaderFormat.Write(
            _header, address, _codec, presence,
            _checksums.AsSpan(0, count * 8), _blockLengths.AsSpan(0, blocks * 4), _blockChecksums.AsSpan(0, blocks * 8));
        _extent.Address = address;
        _extent.Codec = _codec;
        _extent.Presence = presence;
        _extent.PresentPages = count;
        _extent.Header = _header.WrittenMemory;
        _extent.HeaderChecksum = PageChecksum.Of(_header.WrittenSpan);
        _extent.Payload = _compressor is null ? pages : _payload.AsMemory(0, length);
        return _extent;
    }

    /// <inheritdoc/>
    public void Dispose() => _compressor?.Dispose();

    /// <summary>Fills the payload and the fields that describe its blocks; returns how many blocks and how many bytes.</summary>
    private (int Blocks, int Length) Compress(ReadOnlySpan<byte> pages)
    {
        int blocks = 0;
        int length = 0;
        while (!pages.IsEmpty)
        {
            ReadOnlySpan<byte> block = pages[..Math.Min(pages.Length, ImageLayout.BlockSpan)];
            int written = _compressor!.Compress(block, _payload.AsSpan(length));
            BinaryPrimitives.WriteInt32LittleEndian(_blockLengths.AsSpan(blocks * 4), written);
            ulong checksum = PageChecksum.Of(_payload.AsSpan(length, written));
            BinaryPrimitives.WriteUInt64LittleEndian(_blockChecksums.AsSpan(blocks * 8), checksum);
            blocks++;
            length += written;
            pages = pages[block.Length..];
        }

        return (blocks, length);
    }
}
