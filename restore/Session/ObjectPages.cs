using LazyRestore.ImageFormat;

namespace LazyRestore.Restore.Session;

/// <summary>Reads pages of a space of the image and hands them out.</summary>
internal static class ObjectPages
{
    // What is stored as it is passes through so much of the buffer as stays in the processor's cache.
    private const int PagesAtOnce = 16;

    internal delegate void Placement(long address, ReadOnlySpan<byte> pages);

    /// <summary>A range of addresses, the end excluded.</summary>
    internal readonly record struct Range(ulong Start, ulong End);

    /// <summary>Hands out all pages of a space.</summary>
    internal static void Copy(CheckpointImage image, int space, Placement place) =>
        Copy(image, space, [new Range(0, ulong.MaxValue)], place);

    /// <summary>Hands out the pages that lie within ranges. Extents that lie in none are not read.</summary>
    /// <param name="image">The image.</param>
    /// <param name="space">The space.</param>
    /// <param name="ranges">Ascending, none overlapping.</param>
    /// <param name="place">Gets the pages.</param>
    internal static void Copy(CheckpointImage image, int space, ReadOnlySpan<Range> ranges, Placement place)
    {
        byte[] piece = new byte[PagesAtOnce * ImageLayout.PageSize];
        byte[]? whole = null;
        List<(ExtentEntry Entry, int FirstRange, int Ranges)> touched = Touched(image.Index.InSpace(space), ranges);
        image.Bytes.Announce([.. touched.Select(static one => (one.Entry.RecordOffset, one.Entry.EndOffset - one.Entry.RecordOffset))]);
        foreach ((ExtentEntry entry, int firstRange, int rangeCount) in touched)
        {
            ulong start = entry.Address.Address;
            ReadOnlySpan<Range> within = ranges.Slice(firstRange, rangeCount);
            ExtentHeader header = image.ReadHeader(entry);
            bool isStored = header.Codec == ExtentCodec.None;
            if (!isStored)
            {
                image.ReadPages(entry, header, whole ??= new byte[ImageLayout.ExtentSpan]);
            }

            foreach ((int ordinal, int page, int count) in Wanted(start, header.Presence, within))
            {
                long address = (long)(start + ((ulong)page * ImageLayout.PageSize));
                if (isStored)
                {
                    CopyStored(image, entry, header, ordinal, count, piece, address, place);
                }
                else
                {
                    place(address, whole.AsSpan(ordinal * ImageLayout.PageSize, count * ImageLayout.PageSize));
                }
            }
        }
    }

    // The extents in which ranges lie, and which ranges those are.
    private static List<(ExtentEntry Entry, int FirstRange, int Ranges)> Touched(ArraySegment<ExtentEntry> entries, ReadOnlySpan<Range> ranges)
    {
        List<(ExtentEntry Entry, int FirstRange, int Ranges)> touched = [];
        int next = 0;
        foreach (ExtentEntry entry in entries)
        {
            ulong start = entry.Address.Address;
            while (next < ranges.Length && ranges[next].End <= start)
            {
                next++;
            }

            int end = next;
            while (end < ranges.Length && ranges[end].Start < start + ImageLayout.ExtentSpan)
            {
                end++;
            }

            if (end > next)
            {
                touched.Add((entry, next, end - next));
            }
        }

        return touched;
    }

    // The runs of pages of an extent that lie in ranges, each with the ordinal of its first page among those present.
    private static List<(int Ordinal, int Page, int Count)> Wanted(ulong extent, PagePresence presence, ReadOnlySpan<Range> ranges)
    {
        List<(int Ordinal, int Page, int Count)> wanted = [];
        int ordinal = 0;
        foreach (PageRun run in presence.Runs())
        {
            foreach (Range range in ranges)
            {
                (int first, int count) = Common(extent, run, range);
                if (count > 0)
                {
                    wanted.Add((ordinal + first - run.Start, first, count));
                }
            }

            ordinal += run.Count;
        }

        return wanted;
    }

    private static void CopyStored(
        CheckpointImage image, ExtentEntry entry, ExtentHeader header, int ordinal, int count, Span<byte> pages, long address, Placement place)
    {
        for (int done = 0; done < count; done += PagesAtOnce)
        {
            Span<byte> part = pages[..(Math.Min(PagesAtOnce, count - done) * ImageLayout.PageSize)];
            image.ReadStoredPages(entry, header, ordinal + done, part);
            place(address + ((long)done * ImageLayout.PageSize), part);
        }
    }

    // The pages of a run of an extent that lie in a range.
    private static (int First, int Count) Common(ulong extent, PageRun run, Range range)
    {
        ulong start = Math.Max(range.Start, extent + ((ulong)run.Start * ImageLayout.PageSize));
        ulong end = Math.Min(range.End, extent + ((ulong)(run.Start + run.Count) * ImageLayout.PageSize));
        return start < end ? ((int)((start - extent) / ImageLayout.PageSize), (int)((end - start) / ImageLayout.PageSize)) : (0, 0);
    }
}
