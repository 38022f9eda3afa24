using System.IO.Hashing;

namespace LazyRestore.ImageFormat;

/// <summary>The checksum of pages, blocks and extent headers: XXH3 with 64 bits and seed 0.</summary>
public static class PageChecksum
{
    /// <summary>The checksum of one page, or of any other bytes.</summary>
    public static ulong Of(ReadOnlySpan<byte> page) => XxHash3.HashToUInt64(page);
}
