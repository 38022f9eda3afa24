using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using static Tmds.Linux.LibC;

namespace LazyRestore.Tools.Tests.Dump;

public sealed class PagesTests
{
    private const ulong Extent = ImageLayout.ExtentSpan;
    private const ulong Page = PageRange.PageSize;

    [Fact]
    public void Ranges_are_cut_at_extents_and_joined_within_them()
    {
        ExtentPages[] extents = [.. ExtentPages.Of(3,
        [
            new PageRange(Extent - Page, Extent + Page, KeepZero: false),
            new PageRange(Extent + (2 * Page), Extent + (3 * Page), KeepZero: true),
            new PageRange(5 * Extent, 7 * Extent, KeepZero: false),
        ])];

        Assert.Equal([0, Extent, 5 * Extent, 6 * Extent], extents.Select(extent => extent.Address.Address));
        Assert.All(extents, extent => Assert.Equal(3, extent.Address.Space));
        Assert.Equal([1, 2, 512, 512], extents.Select(extent => extent.Present.Count));
        Assert.True(extents[0].Present[511]);
        Assert.True(extents[1].Present[0] && !extents[1].Present[1] && extents[1].Present[2]);
        Assert.True(extents[1].KeepZero[2] && !extents[1].KeepZero[0]);
    }

    [Fact]
    public void No_ranges_make_no_extents() => Assert.Empty(ExtentPages.Of(0, []));

    [Fact]
    public void Zero_pages_are_left_out_unless_they_must_stay()
    {
        PagePresence present = default;
        PagePresence keepZero = default;
        foreach (int page in (int[])[1, 2, 5, 9])
        {
            present.Set(page);
        }

        keepZero.Set(9);
        byte[] pages = new byte[4 * Page];
        pages[(int)Page - 1] = 7;
        pages[2 * (int)Page] = 8;

        PagePresence kept = ZeroPages.Compact(new ExtentPages(new ExtentAddress(0, 0), present, keepZero), pages);

        Assert.Equal(3, kept.Count);
        Assert.True(kept[1] && !kept[2] && kept[5] && kept[9]);
        Assert.Equal((7, 8), (pages[(int)Page - 1], pages[(int)Page]));
        Assert.Equal(-1, pages.AsSpan(2 * (int)Page, (int)Page).IndexOfAnyExcept((byte)0));
    }

    // The kernel gathers 512 regions at a time, and we take 1024 of them in one call.
    [Theory]
    [InlineData(511, true)]
    [InlineData(513, true)]
    [InlineData(1000, true)]
    [InlineData(1024, true)]
    [InlineData(1025, true)]
    [InlineData(1600, true)]
    [InlineData(5000, true)]
    [InlineData(1600, false)]
    public unsafe void Pages_are_found_once_and_in_order(int regions, bool kernelScans)
    {
        int span = 3 * regions * (int)Page;
        byte* memory = (byte*)mmap(null, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        try
        {
            for (int region = 0; region < regions; region++)
            {
                memory[((3 * region) + 1) * (int)Page] = 1;
            }

            List<PageRange> found = [];
            using PagemapScanner scanner = new(Environment.ProcessId, kernelScans);
            Assert.False(scanner.Scan((ulong)memory, (ulong)memory + (ulong)span, fileBacked: false, found));
            Assert.Equal(
                Enumerable.Range(0, regions).Select(region => (ulong)memory + (((3 * (ulong)region) + 1) * Page)),
                found.Select(range => range.Start));
            Assert.All(found, range => Assert.Equal(1ul, (ulong)range.Pages));
        }
        finally
        {
            munmap(memory, span);
        }
    }

    [Fact]
    public void A_build_id_is_found_behind_other_notes()
    {
        byte[] notes =
        [
            4, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, (byte)'G', (byte)'N', (byte)'U', 0, 1, 1, 1, 0,
            4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, (byte)'G', (byte)'N', (byte)'U', 0, 9, 8, 7, 6, 5, 0, 0, 0,
        ];

        Assert.Equal([9, 8, 7, 6, 5], ElfBuildId.FindIn(notes));
        Assert.Null(ElfBuildId.FindIn(notes.AsSpan(0, 20)));
        Assert.Null(ElfBuildId.FindIn([255, 255, 255, 255, 255, 255, 255, 255, 3, 0, 0, 0]));
    }
}
