using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.State;

/// <summary>What is counted as lacking, against a model that knows each page by itself.</summary>
public class PageLedgerTests
{
    private const ulong Start = 0x10_0000_0000;
    private const int Extents = 4;
    private const int Pages = Extents * ExtentBits.PageCount;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnySequenceOfStepsLeavesWhatTheModelLeaves(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 30; round++)
        {
            bool[] stored = [.. Enumerable.Range(0, Pages).Select(_ => random.Next(3) > 0)];
            using ScatteredPages source = SourceOf(stored);
            using PageState state = StateOf([new LazyRegion(At(3), At(700)), new LazyRegion(At(900), At(Pages - 5))]);
            PageLedger ledger = new(state, source);
            bool[] lacking = [.. stored.Select((isStored, page) => isStored && page is (>= 3 and < 700) or (>= 900 and < Pages - 5) && stored[page])];
            for (int step = 0; step < 40; step++)
            {
                Step(random, ledger, lacking);
            }

            OpenAll(ledger);
            AssertEqual(lacking, ledger);

            // A successor finds the same.
            PageLedger successor = new(state, source);
            Assert.Equal(ledger.Remaining, successor.Remaining);
        }
    }

    [Fact]
    public void AHugeRangeIsDroppedWithoutOpeningWhatItCovers()
    {
        using ScatteredPages source = SourceOf([.. Enumerable.Repeat(true, Pages)]);
        using PageState state = StateOf([new LazyRegion(At(0), At(Pages))]);
        PageLedger ledger = new(state, source);
        Assert.Equal(Pages, ledger.Remaining);
        Assert.Equal(Pages, ledger.Drop(At(0), At(Pages)));
        Assert.Equal(0, ledger.Remaining);
        Assert.Equal(0, source.Openings);
        Assert.Equal(0, ledger.Drop(At(0), At(Pages)));
    }

    [Fact]
    public void AChildLacksWhatItsParentLackedAndKnowsWhatWasDropped()
    {
        using ScatteredPages source = SourceOf([.. Enumerable.Repeat(true, Pages)]);
        using PageState state = StateOf([new LazyRegion(At(0), At(Pages))]);
        PageLedger ledger = new(state, source);
        ledger.Open(0);
        ledger.Settle(0, 0, 512);
        ledger.Drop(At(600), At(700));
        using PageState childState = state.CreateChild(Extents);
        PageLedger child = new(childState, source);
        Assert.Equal(Pages - 512 - 100, child.Remaining);
        OpenAll(child);
        Assert.Equal(Pages - 512 - 100, child.Remaining);
        Assert.True(child.Dropped(1).Contains(88) && child.Dropped(1).Contains(187));
        Assert.False(child.Dropped(1).Contains(87) || child.Dropped(1).Contains(188));
        Assert.Equal(0, childState.Pid);
        Assert.Equal(state.Regions.ToArray(), childState.Regions.ToArray());
    }

    private static void Step(Random random, PageLedger ledger, bool[] lacking)
    {
        int first = random.Next(Pages);
        int count = Math.Min(random.Next(1, 400), Pages - first);
        int extent = first / ExtentBits.PageCount;
        switch (random.Next(3))
        {
            case 0:
                ledger.Drop(At(first), At(first + count));
                break;
            case 1 when ledger.IsOpened(extent):
                count = Math.Min(count, ((extent + 1) * ExtentBits.PageCount) - first);
                ledger.Settle(extent, first % ExtentBits.PageCount, count);
                break;
            default:
                if (!ledger.IsOpened(extent))
                {
                    ledger.Open(extent);
                }

                return;
        }

        Array.Fill(lacking, false, first, count);
    }

    private static void OpenAll(PageLedger ledger)
    {
        for (int extent = 0; extent < Extents; extent++)
        {
            if (!ledger.IsOpened(extent))
            {
                ledger.Open(extent);
            }
        }
    }

    private static void AssertEqual(bool[] lacking, PageLedger ledger)
    {
        Assert.Equal(lacking.Count(isLacking => isLacking), ledger.Remaining);
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(lacking[page], !ledger.Settled(page / ExtentBits.PageCount).Contains(page % ExtentBits.PageCount));
        }
    }

    private static ulong At(int page) => Start + ((ulong)page * ImageLayout.PageSize);

    private static PageState StateOf(LazyRegion[] regions) =>
        PageState.Create("image", new byte[16], Extents, 1, regions, new PageServiceOptions());

    private static ScatteredPages SourceOf(bool[] stored)
    {
        ulong[][] presence = new ulong[Extents][];
        for (int extent = 0; extent < Extents; extent++)
        {
            presence[extent] = new ulong[ExtentBits.WordCount];
            for (int page = 0; page < ExtentBits.PageCount; page++)
            {
                presence[extent][page >> 6] |= stored[(extent * ExtentBits.PageCount) + page] ? 1UL << (page & 63) : 0;
            }
        }

        return new ScatteredPages(Start, presence);
    }
}
