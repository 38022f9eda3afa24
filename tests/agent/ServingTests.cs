using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests;

public class ServingTests
{
    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void TouchedPagesComeFromTheImage(ExtentCodec codec)
    {
        using var served = Served.Start(HydrationOrder.None, codec);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(1999), 1));
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages));
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(0, served.Service.Statistics.PagesRemaining);
        Assert.InRange(served.Service.Statistics.DemandFaults, 1, ServedImage.Pages);
    }

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    public void HydrationBringsWhatNobodyTouches(ExtentCodec codec)
    {
        using var served = Served.Start(HydrationOrder.Linear, codec);
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(served.Image.Image.Index.TotalPages, served.Service.Statistics.HydratedPages);

        // The last holder lets go: what was not stored is zero without an agent.
        served.Service.Dispose();
        served.Target.Fault.Dispose();
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages));
    }

    [Fact]
    public void DroppedPagesReadAsZeroWhetherTheyHadComeOrNot()
    {
        using var served = Served.Start(HydrationOrder.None);
        TargetConnection target = served.Target.Main;
        Assert.Equal(ServedImage.Expected(0, 8), target.Verify(ServedImage.At(0), 8));
        target.Do("drop", ServedImage.At(4), 8 * 4096);
        target.Do("drop", ServedImage.At(512), 512 * 4096);
        target.Do("unmap", ServedImage.At(100), 100 * 4096);
        Assert.Equal(ServedImage.Expected(0, 4) + "00000000" + ServedImage.Expected(12, 4), target.Verify(ServedImage.At(0), 16));
        Assert.Equal(new string('0', 512), target.Verify(ServedImage.At(512), 512));
        Assert.Equal(ServedImage.Expected(200, 312), target.Verify(ServedImage.At(200), 312));
        target.Do("write", ServedImage.At(600), 2);
        Assert.Equal("ww0", target.Verify(ServedImage.At(600), 3));
    }

    [Theory]
    [InlineData(HydrationOrder.None)]
    [InlineData(HydrationOrder.Linear)]
    public void MovedPagesKeepTheirContent(HydrationOrder hydration)
    {
        const ulong Elsewhere = ServedImage.Start + 0x1_0000_0000;
        using Served served = new(hydration);
        TargetConnection target = served.Target.Main;
        target.Say("remap", ServedImage.At(50), 600 * 4096, Elsewhere);
        served.Service.Start();
        Assert.Equal("0", target.Hear());
        Assert.Equal(ServedImage.Expected(50, 300), target.Verify(Elsewhere, 300, ServedImage.At(50)));

        // And once more, onto pages that are thereby dropped.
        target.Do("remap", Elsewhere + (100 * 4096), 400 * 4096, ServedImage.At(1000));
        Assert.Equal(ServedImage.Expected(150, 400), target.Verify(ServedImage.At(1000), 400, ServedImage.At(150)));
        Assert.Equal(ServedImage.Expected(550, 100), target.Verify(Elsewhere + (500 * 4096), 100, ServedImage.At(550)));
        Assert.Equal(ServedImage.Expected(650, 350), target.Verify(ServedImage.At(650), 350));
        Assert.Equal(ServedImage.Expected(1400, 648), target.Verify(ServedImage.At(1400), 648));
    }

    [Fact]
    public void ProtectedPiecesAreFilled()
    {
        using Served served = new(HydrationOrder.Linear);
        for (int page = 0; page < 200; page += 2)
        {
            served.Target.Main.Do("protect", ServedImage.At(page), 4096);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(ServedImage.Expected(0, 300), served.Target.Main.Verify(ServedImage.Start, 300));
    }

    [Theory]
    [InlineData(HydrationOrder.None)]
    [InlineData(HydrationOrder.Linear)]
    public void ForkedChildrenFindTheMemoryOfTheMomentOfTheFork(HydrationOrder hydration)
    {
        using var served = Served.Start(hydration);
        TargetConnection parent = served.Target.Main;
        parent.Do("write", ServedImage.At(10), 2);
        parent.Do("drop", ServedImage.At(20), 2 * 4096);
        TargetConnection child = served.Target.Fork();
        parent.Do("write", ServedImage.At(30), 2);
        parent.Do("drop", ServedImage.At(40), 2 * 4096);
        child.Do("drop", ServedImage.At(50), 2 * 4096);
        string atFork = ServedImage.Expected(0, 10) + "ww" + ServedImage.Expected(12, 8) + "00" + ServedImage.Expected(22, 28);
        Assert.Equal(atFork + "00" + ServedImage.Expected(52, 48), child.Verify(ServedImage.Start, 100));
        Assert.Equal("ww", parent.Verify(ServedImage.At(30), 2));
        Assert.Equal("00", parent.Verify(ServedImage.At(40), 2));
        string now = atFork[..30] + "ww" + ServedImage.Expected(32, 8) + "00" + ServedImage.Expected(42, 2006);
        Assert.Equal(now, parent.Verify(ServedImage.Start, ServedImage.Pages));
        Assert.Equal(ServedImage.Expected(100, 1948), child.Verify(ServedImage.At(100), 1948));
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
    }

    [Theory]
    [InlineData(HydrationOrder.None)]
    [InlineData(HydrationOrder.Linear)]
    public void ThreadsThatFaultWhileOthersDropPagesAllGetTheirs(HydrationOrder hydration)
    {
        using var served = Served.Start(hydration);
        Assert.Equal("0", served.Target.Main.Ask("storm"));
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages / 2), served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages / 2));
    }

    [Fact]
    public void TheEndOfTheProcessEndsTheService()
    {
        using var served = Served.Start(HydrationOrder.None);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.Start, 1));
        served.Target.Kill();
        Assert.Equal(PageServiceEnd.ProcessGone, served.WaitForEnd().End);
    }
}
