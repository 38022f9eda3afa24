using LazyRestore.ImageFormat;
using LazyRestore.Tools.Dump.Memory;

namespace LazyRestore.Tools.Tests.Dump;

public sealed class SnapshotPagesTests
{
    private const ulong Extent = ImageLayout.ExtentSpan;
    private const ulong Page = PageRange.PageSize;

    [Fact]
    public void Kept_pages_are_what_they_were()
    {
        NumberedPages source = new(first: 1);
        using KeptPages kept = Keep(source, (Extent + Page, Extent + (3 * Page)), (Extent + (511 * Page), (2 * Extent) + Page));
        source.First = 77;

        Assert.Equal([1, 2, 511], Numbers(kept, Extent, 1, 2, 511));
        Assert.Equal([2, 511], Numbers(kept, Extent, 2, 511));
        Assert.Equal([0], Numbers(kept, 2 * Extent, 0));
        Assert.Equal((3, 1, 0), (kept.PresentIn(Extent).Count, kept.PresentIn(2 * Extent).Count, kept.PresentIn(3 * Extent).Count));
    }

    [Fact]
    public void Each_page_comes_from_where_it_is()
    {
        using SnapshotPages pages = new(new NumberedPages(first: 101), Keep(new NumberedPages(first: 1), (Extent + (2 * Page), Extent + (4 * Page))));

        Assert.Equal([101, 2, 3, 104, 109], Numbers(pages, Extent, 1, 2, 3, 4, 9));
        Assert.Equal([3], Numbers(pages, Extent, 3));
        Assert.Equal([100, 102], Numbers(pages, 0, 0, 2));
    }

    private static KeptPages Keep(PageSource source, params (ulong Start, ulong End)[] ranges) => KeptPages.Read(
        source, ranges.Select(range => new PageRange(range.Start, range.End, KeepZero: false)), CancellationToken.None);

    private static int[] Numbers(PageSource source, ulong extent, params int[] wanted)
    {
        PagePresence pages = default;
        foreach (int page in wanted)
        {
            pages.Set(page);
        }

        byte[] buffer = GC.AllocateArray<byte>(wanted.Length * PageRange.PageSize, pinned: true);
        source.Read(extent, pages, buffer);
        return [.. wanted.Select((_, index) => BitConverter.ToInt32(buffer, index * PageRange.PageSize))];
    }

    /// <summary>Each page holds its number in the extent, counted from another number than 1.</summary>
    private sealed class NumberedPages(int first) : PageSource
    {
        internal int First { get; set; } = first;

        public override void Read(ulong address, in PagePresence pages, Span<byte> destination)
        {
            foreach (PageRun run in pages.Runs())
            {
                for (int page = run.Start; page < run.Start + run.Count; page++)
                {
                    BitConverter.TryWriteBytes(destination, page + First - 1);
                    destination = destination[PageRange.PageSize..];
                }
            }
        }
    }
}
