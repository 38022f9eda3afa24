using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.Agent.Tuning;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Serving;

public class HydrationOrderTests
{
    [Fact]
    public void TheWorkingSetComesFirstAndInItsOrder()
    {
        using Served served = new(HydrationOrder.None);
        served.Service.Dispose();
        WorkingSet set = new([new(ServedImage.At(1502), 2), new(ServedImage.At(5), 1), new(ServedImage.At(700), 3)]);
        using PageState state = PageState.Attach(TargetProcess.Duplicate((int)served.Held[0].DangerousGetHandle()));
        using ImageFileSource source = new(served.Image.Image);
        AddressSpace space = new(
            new UserFault(served.Target.Fault), state, source, new PageServiceOptions { WorkingSet = set }, new ServiceCounters(state),
            new PlacementTuner(new TunerSettings(PlacementMethod.Copy, ChoiceReason.OnlyWay), 0), keeper: null!);

        Assert.Equal(HydrationStep.Advanced, space.Hydrate(2));
        Assert.Equal([1502, 1503], Placed(state, source));
        Assert.Equal(HydrationStep.Advanced, space.Hydrate(2));
        Assert.Equal([5, 700, 1502, 1503], Placed(state, source));
        while (space.Hydrate(64) != HydrationStep.Exhausted)
        {
        }

        Assert.Equal(0, space.Remaining);
    }

    [Fact]
    public void BulkWaitsUntilItIsReleasedAndWhatComesFirstDoesNot()
    {
        using Served served = new(HydrationOrder.Linear, holdBulk: true);
        served.Service.Start();
        Assert.False(SpinWait.SpinUntil(() => served.Service.Completion.IsCompleted, 300));
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(11), 1));

        served.Service.ReleaseBulk();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(0, served.Service.Statistics.PagesRemaining);
    }

    [Fact]
    public void AChildThatIsForkedAfterTheReleaseIsFilledToo()
    {
        using Served served = new(HydrationOrder.Linear, holdBulk: true);
        served.Service.Start();
        using TargetConnection child = served.Target.Fork();
        served.Service.ReleaseBulk();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), child.Verify(ServedImage.Start, ServedImage.Pages));
    }

    [Fact]
    public void ARecordingServiceBringsOnlyWhatIsTouchedUntilTheProcessHasSettled()
    {
        using Served served = new(HydrationOrder.Linear, record: true);
        served.Service.Start();
        Assert.Equal("iii", served.Target.Main.Verify(ServedImage.At(11), 3));
        Assert.Equal("ii", served.Target.Main.Verify(ServedImage.At(4), 2));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics.CopiedPages >= 5, 1000));
        Assert.Equal(5, served.Service.Statistics.CopiedPages);
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal([new(ServedImage.At(11), 3), new(ServedImage.At(4), 2)], served.Service.Recorded!.Runs);
    }

    private static int[] Placed(PageState state, ImageFileSource source)
    {
        PageLedger ledger = new(state, source);
        return
        [
            .. Enumerable.Range(0, ServedImage.Pages).Where(page => ServedImage.Expected(page, 1) == "i"
                && ledger.Settled(page / ImageLayout.PagesPerExtent).Contains(page % ImageLayout.PagesPerExtent)),
        ];
    }
}
