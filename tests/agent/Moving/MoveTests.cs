using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Moving;

/// <summary>What the kernel answers to moves, and what the service makes of it.</summary>
public sealed class MoveTests
{
    private const ulong PageSize = 4096;
    private const int Pages = ServedImage.Pages;

    private static readonly string s_all = new('i', Pages);

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void HydrationMovesWholeExtents(ExtentCodec codec)
    {
        using Served served = new(HydrationOrder.Linear, codec, withMover: true);
        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(s_all, served.Target.Main.Verify(ServedImage.Start, Pages));
        Assert.Equal((Pages, ServedImage.Extents, Pages), Moved(served));
        Assert.Equal(0, served.Service.Statistics.CopiedPages);
    }

    [Fact]
    public void AFaultBringsItsExtent()
    {
        using Served served = new(HydrationOrder.None, withMover: true);
        served.Service.Start();
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(512 + 77), 1));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics.MovedPages == 512, TimeSpan.FromSeconds(10)));
        Assert.Equal(s_all, served.Target.Main.Verify(ServedImage.Start, Pages));
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal((Pages, ServedImage.Extents, 0L), Moved(served));
    }

    /// <summary>EEXIST: what lies before is moved, the rest is copied.</summary>
    [Theory]
    [InlineData(0, 3 * 512)]
    [InlineData(100, (3 * 512) + 100)]
    public void APageThatIsThereEndsAMove(int page, int moved)
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        using (UserFault fault = new(TargetProcess.Duplicate((int)served.Target.Fault.DangerousGetHandle())))
        {
            Assert.Equal(PlacementOutcome.Installed, fault.ZeroPage(ServedImage.At(page), PageSize).Outcome);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        string expected = s_all[..page] + '0' + s_all[(page + 1)..];
        Assert.Equal(expected, served.Target.Main.Verify(ServedImage.Start, Pages));
        Assert.Equal((moved, 3L), (served.Service.Statistics.MovedPages, served.Service.Statistics.MovedExtents));
    }

    /// <summary>EINVAL: the kernel moves only between equal protections.</summary>
    [Fact]
    public void ReadOnlyMemoryIsCopied()
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        served.Target.Main.Do("protect", ServedImage.At(512), 512 * PageSize);
        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(s_all, served.Target.Main.Verify(ServedImage.Start, Pages));
        Assert.Equal((3L * 512, 512L), (served.Service.Statistics.MovedPages, served.Service.Statistics.CopiedPages));
    }

    /// <summary>EBUSY: hydration has two slots, whose stages a device uses; they are copied once, and are cleared then.</summary>
    [Fact]
    public void WhatADeviceUsesIsCopiedByTheMover()
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        if (served.Target.Main.Ask("pin") != "0")
        {
            Assert.Skip("io_uring");
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(s_all, served.Target.Main.Verify(ServedImage.Start, Pages));
        PageStatistics statistics = served.Service.Statistics;
        Assert.Equal((2 * 512L, 2 * 512L, 2L), (statistics.ForceCopiedPages, statistics.CopiedPages, statistics.MovedExtents));
    }

    [Fact]
    public void AnExtentInTwoMappingsIsCopied()
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        served.Target.Main.Do("protect", ServedImage.At(600), 100 * PageSize);
        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(s_all, served.Target.Main.Verify(ServedImage.Start, Pages));
        Assert.Equal(3, served.Service.Statistics.MovedExtents);
    }

    /// <summary>ENOENT: no place for the pages; the service comes to its end without them.</summary>
    [Fact]
    public void MemoryThatIsNotServedAnyMoreIsLeftAlone()
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        using (UserFault fault = new(TargetProcess.Duplicate((int)served.Target.Fault.DangerousGetHandle())))
        {
            Assert.Equal(PlacementOutcome.Installed, fault.Unregister(ServedImage.At(512), 512 * PageSize).Outcome);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(3, served.Service.Statistics.MovedExtents);
        string expected = s_all[..512] + new string('0', 512) + s_all[1024..];
        Assert.Equal(expected, served.Target.Main.Verify(ServedImage.Start, Pages));
    }

    [Fact]
    public void ADamagedPageIsNeverMoved()
    {
        using Served served = new(HydrationOrder.Linear, withMover: true);
        using (FileStream file = new(served.Image.FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = served.Image.Image.Index.Entries[1].PayloadOffset + (300 * 4096) + 5;
            file.Write("damage"u8);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Failed, served.WaitForEnd().End);
        Assert.Equal(3, served.Service.Statistics.MovedExtents);
        Assert.Equal(511, served.Service.Statistics.CopiedPages);
        Assert.Equal(1, served.Service.Statistics.PagesRemaining);
    }

    [Fact]
    public void DroppedAndForkedMemoryIsRight()
    {
        using Served served = new(HydrationOrder.None, withMover: true);
        served.Service.Start();
        TargetConnection target = served.Target.Main;
        Assert.Equal("i", target.Verify(ServedImage.At(5), 1));
        target.Do("drop", ServedImage.At(4), 2 * PageSize);
        target.Do("drop", ServedImage.At(1024 + 4), 2 * PageSize);
        TargetConnection child = served.Target.Fork();
        string expected = s_all[..4] + "00" + s_all[6..1028] + "00" + s_all[1030..];
        Assert.Equal(expected, child.Verify(ServedImage.Start, Pages));
        Assert.Equal(expected, target.Verify(ServedImage.Start, Pages));
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(3, served.Service.Statistics.MovedExtents);
    }

    [Theory]
    [InlineData(1, HydrationOrder.Linear)]
    [InlineData(2, HydrationOrder.None)]
    [InlineData(3, HydrationOrder.Linear)]
    public void EveryByteIsRightUnderTorture(int seed, HydrationOrder hydration)
    {
        const ulong Steps = 3000;
        const ulong ForksOfDenseMemory = 3;
        using Served served = new(hydration, withMover: true);
        served.Target.Main.Say("torture", (ulong)seed, Steps, ForksOfDenseMemory);
        served.Service.Start();
        Assert.Equal("0", served.Target.Main.Hear());
        Assert.InRange(served.Service.Statistics.MovedExtents, hydration == HydrationOrder.None ? 0 : 1, ServedImage.Extents);
    }

    private static (long Pages, long Extents, long Hydrated) Moved(Served served)
    {
        PageStatistics statistics = served.Service.Statistics;
        return (statistics.MovedPages, statistics.MovedExtents, statistics.HydratedPages);
    }
}
