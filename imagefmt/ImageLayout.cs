namespace LazyRestore.ImageFormat;

/// <summary>The fixed numbers of the format; docs/format.md specifies it.</summary>
public static class ImageLayout
{
    /// <summary>The name in the header's <c>format</c> key, which tells an image from any other MessagePack file.</summary>
    public const string FormatName = "lazyrestore-checkpoint";

    /// <summary>The newest version that this code reads and writes.</summary>
    public const int Version = 2;

    /// <summary>The version of an image of a single running process, which programs that know no other can restore.</summary>
    public const int SingleProcessVersion = 1;

    /// <summary>Bytes in a page.</summary>
    public const int PageSize = 4096;

    /// <summary>Pages in an extent.</summary>
    public const int PagesPerExtent = 512;

    /// <summary>Bytes of its space that an extent covers: 2 MiB, a huge page. Its address is a multiple of this.</summary>
    public const int ExtentSpan = PagesPerExtent * PageSize;

    /// <summary>Pages in a block of a compressed extent: what has to be decoded to get at one page.</summary>
    public const int PagesPerBlock = 16;

    /// <summary>Bytes in a full block once it is decoded.</summary>
    public const int BlockSpan = PagesPerBlock * PageSize;

    /// <summary>The smallest multiple of the page size that is not less than <paramref name="offset"/>.</summary>
    internal static long AlignToPage(long offset) => (offset + PageSize - 1) & ~(long)(PageSize - 1);
}
