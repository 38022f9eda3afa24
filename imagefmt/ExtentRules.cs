using LazyRestore.ImageFormat.Formatters;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>What must hold between the extents of an image, its records and its bytes.</summary>
internal static class ExtentRules
{
    /// <summary>Checks an index against the records and the file, without reading an extent.</summary>
    /// <param name="entries">The entries in the order of the index.</param>
    /// <param name="coverage">The memory that the records speak of.</param>
    /// <param name="trailer">Where the extents begin, and where the index begins.</param>
    public static void CheckIndex(ReadOnlySpan<ExtentEntry> entries, ExtentCoverage coverage, Trailer trailer)
    {
        for (int place = 0; place < entries.Length; place++)
        {
            ref readonly ExtentEntry entry = ref entries[place];
            CheckShape(entry, trailer.IndexOffset);
            if (place > 0 && entries[place - 1].Address.CompareTo(entry.Address) >= 0)
            {
                throw Damaged(trailer.IndexOffset, $"extent {entry.Address} is not in ascending order");
            }

            if (entry.PresentPages > coverage.Of(entry.Address).Count)
            {
                throw Damaged(trailer.IndexOffset, $"extent {entry.Address} has more pages than there is memory for");
            }
        }

        CheckTiling(entries, trailer);
    }

    /// <summary>Checks an extent's pages against the records.</summary>
    /// <param name="address">Where the extent begins.</param>
    /// <param name="presence">Its pages.</param>
    /// <param name="coverage">The memory that the records speak of.</param>
    /// <param name="offset">Where its record begins, for errors.</param>
    public static void CheckPresence(ExtentAddress address, PagePresence presence, ExtentCoverage coverage, long offset)
    {
        if (!presence.IsSubsetOf(coverage.Of(address)))
        {
            throw new ImageDamagedException(
                ExtentHeaderFormat.Kind, offset, $"extent {address} holds pages where the records know of no memory");
        }
    }

    private static void CheckShape(in ExtentEntry entry, long indexOffset)
    {
        int decoded = entry.PresentPages * ImageLayout.PageSize;
        bool possible = entry.Address.Space >= 0
            && entry.Address.Address % ImageLayout.ExtentSpan == 0
            && entry.PresentPages is > 0 and <= ImageLayout.PagesPerExtent
            && entry.PayloadLength > 0
            && (entry.Codec == ExtentCodec.None ? entry.PayloadLength == decoded : entry.PayloadLength <= decoded)
            && entry.PayloadOffset % ImageLayout.PageSize == 0
            && entry.RecordOffset > 0
            && entry.PayloadOffset - entry.RecordOffset is > 0 and <= ImageLimits.ExtentHead
            && entry.PayloadOffset <= indexOffset - entry.PayloadLength;
        if (!possible)
        {
            throw Damaged(indexOffset, $"the entry of extent {entry.Address} is impossible");
        }
    }

    /// <summary>Checks that the extents fill the file between records and index without gaps or overlaps.</summary>
    private static void CheckTiling(ReadOnlySpan<ExtentEntry> entries, Trailer trailer)
    {
        (long Start, long End)[] ranges = new (long, long)[entries.Length];
        for (int place = 0; place < entries.Length; place++)
        {
            ranges[place] = (entries[place].RecordOffset, entries[place].EndOffset);
        }

        Array.Sort(ranges);
        long position = trailer.RecordsLength;
        foreach ((long start, long end) in ranges)
        {
            if (start != position)
            {
                throw Damaged(trailer.IndexOffset, $"no extent begins at offset {position}, where one has to");
            }

            position = end;
        }

        if (position != trailer.IndexOffset)
        {
            throw Damaged(trailer.IndexOffset, $"the extents end at offset {position}, not where the index begins");
        }
    }

    private static ImageDamagedException Damaged(long indexOffset, string problem) =>
        new(IndexFormat.Kind, indexOffset, problem);
}
