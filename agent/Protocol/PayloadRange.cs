using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Protocol;

/// <summary>Which bytes of the image hold the stored ones among some pages of an extent: whole blocks where it is compressed.</summary>
internal static class PayloadRange
{
    /// <summary>The stored pages among those asked for, by their ordinals.</summary>
    internal static (int First, int End) Ordinals(ExtentHeader header, int page, int count) =>
        (header.Presence.Rank(page), header.Presence.Rank(Math.Min(page + count, ImageLayout.PagesPerExtent)));

    /// <summary>The range that is sent; its length is 0 when none of the pages is stored.</summary>
    internal static (long Offset, long Length) Of(ExtentHeader header, int page, int count)
    {
        (int first, int end) = Ordinals(header, page, count);
        if (first == end)
        {
            return (header.Entry.PayloadOffset, 0);
        }

        int start = ExtentDecoder.RangeOf(header, first).Offset;
        (int last, int length) = ExtentDecoder.RangeOf(header, end - 1);
        return (header.Entry.PayloadOffset + start, last + length - start);
    }
}
