using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Leaves out pages that hold nothing but zeros.</summary>
public static class ZeroPages
{
    /// <summary>Moves the pages that are to be stored to the front of a buffer.</summary>
    /// <param name="extent">Which pages the buffer holds, one after the other.</param>
    /// <param name="pages">The buffer.</param>
    /// <returns>The pages that are left.</returns>
    public static PagePresence Compact(in ExtentPages extent, Span<byte> pages)
    {
        PagePresence kept = default;
        int from = 0;
        int to = 0;
        foreach (PageRun run in extent.Present.Runs())
        {
            for (int page = run.Start; page < run.Start + run.Count; page++, from += PageRange.PageSize)
            {
                Span<byte> bytes = pages.Slice(from, PageRange.PageSize);
                if (!extent.KeepZero[page] && !bytes.ContainsAnyExcept((byte)0))
                {
                    continue;
                }

                kept.Set(page);
                if (from != to)
                {
                    bytes.CopyTo(pages[to..]);
                }

                to += PageRange.PageSize;
            }
        }

        return kept;
    }
}
