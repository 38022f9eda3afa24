using K4os.Compression.LZ4;
using ZstdSharp;

namespace LazyRestore.ImageFormat;

/// <summary>Compresses blocks of pages one by one; a block that does not shrink is stored as it is.</summary>
internal sealed class BlockCompressor(ExtentCodec codec) : IDisposable
{
    /// <summary>Zstandard's fastest regular level: a dump waits for it.</summary>
    private const int ZstdLevel = 1;

    private readonly Compressor? _zstd = codec == ExtentCodec.Zstd ? new Compressor(ZstdLevel) : null;

    /// <summary>Writes a block to <paramref name="output"/>, which has room for it uncompressed; returns how long it became.</summary>
    public int Compress(ReadOnlySpan<byte> block, Span<byte> output)
    {
        Span<byte> shorter = output[..(block.Length - 1)];
        int written = _zstd is null
            ? LZ4Codec.Encode(block, shorter, LZ4Level.L00_FAST)
            : _zstd.TryWrap(block, shorter, out int length) ? length : 0;
        if (written > 0)
        {
            return written;
        }

        block.CopyTo(output);
        return block.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _zstd?.Dispose();
}
