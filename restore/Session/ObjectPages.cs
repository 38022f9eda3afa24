using LazyRestore.ImageFormat;

namespace LazyRestore.Restore.Session;

/// <summary>Reads pages of a space of the image and hands them out.</summary>
internal static class ObjectPages
{
    internal delegate void Placement(long address, ReadOnlySpan<byte> pages);

    /// <summary>A range of addresses, the end excluded.</summary>
    internal readonly record struct Range(ulong Start, ulong End);

    /// <summary>Hands out all pages of a space.</summary>
    internal static void Copy(CheckpointImage image, int space, Placement place) =>
        Copy(image, space, [new Range(0, ulong.MaxValue)], place);

    /// <summary>Hands out the pages that lie within ranges. Extents that lie in none are not read.</summary>
    internal static void Copy(CheckpointImage image, int space, IReadOnlyList<Range> ranges, Placement place)
    {
        byte[]? pages = null;
        byte[] page = new byte[ImageLayout.PageSize];
        foreach (ExtentEntry entry in image.Index.InSpace(space))
        {
            ulong start = entry.Address.Address;
            ulong end = start + ImageLayout.ExtentSpan;
            if (ranges.Any(range => range.Start <= start && range.End >= end))
            {
                pages ??= new byte[ImageLayout.ExtentSpan];
                CopyWhole(image, entry, pages, place);
            }
            else if (ranges.Any(range => range.Start < end && range.End > start))
            {
                CopySome(image, entry, ranges, page, place);
            }
        }
    }

    private static void CopyWhole(CheckpointImage image, ExtentEntry entry, Span<byte> pages, Placement place)
    {
        ExtentHeader header = image.ReadHeader(entry);
        image.ReadPages(entry, header, pages);
        int ordinal = 0;
        foreach (PageRun run in header.Presence.Runs())
        {
            place(
                (long)(entry.Address.Address + ((ulong)run.Start * ImageLayout.PageSize)),
                pages.Slice(ordinal * ImageLayout.PageSize, run.Count * ImageLayout.PageSize));
            ordinal += run.Count;
        }
    }

    private static void CopySome(CheckpointImage image, ExtentEntry entry, IReadOnlyList<Range> ranges, Span<byte> page, Placement place)
    {
        ExtentHeader header = image.ReadHeader(entry);
        int ordinal = 0;
        foreach (PageRun run in header.Presence.Runs())
        {
            for (int i = run.Start; i < run.Start + run.Count; i++, ordinal++)
            {
                ulong address = entry.Address.Address + ((ulong)i * ImageLayout.PageSize);
                if (ranges.Any(range => range.Start <= address && range.End > address))
                {
                    image.ReadPage(entry, header, ordinal, page);
                    place((long)address, page);
                }
            }
        }
    }
}
