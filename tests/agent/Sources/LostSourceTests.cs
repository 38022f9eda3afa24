using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>A process whose pages come through a network that does what networks do: every byte is right, and what cannot be had is never zero.</summary>
public sealed class LostSourceTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(Mischief.Cut, ExtentCodec.None)]
    [InlineData(Mischief.Corrupt, ExtentCodec.Zstd)]
    [InlineData(Mischief.Duplicate, ExtentCodec.None)]
    [InlineData(Mischief.Truncate, ExtentCodec.None)]
    [InlineData(Mischief.Stall, ExtentCodec.None)]
    [InlineData(Mischief.Delay, ExtentCodec.Lz4)]
    [InlineData(Mischief.Throttle, ExtentCodec.None)]
    internal void EveryByteIsRightWhateverHappensOnTheWay(Mischief mischief, ExtentCodec codec)
    {
        using RemotelyServed served = new(HydrationOrder.Linear, mischief, codec);
        served.Proxy.Begin();
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages));
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(0, served.Service.Statistics.DamagedPages);
    }

    [Fact]
    public void ALinkThatDiesWithoutAWordIsNoticedAndItsReturnToo()
    {
        using RemotelyServed served = new(HydrationOrder.None);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.Start, 1));
        Assert.False(served.Service.Source!.IsLost);
        served.Proxy.Sever();
        SourceStatus lost = served.Await(static source => source.IsLost);
        Assert.Contains("silent", lost.Problem, StringComparison.Ordinal);
        served.Target.Main.Say("verify", ServedImage.At(600), 1, ServedImage.At(600));
        SourceStatus waiting = served.Await(static source => source is { WaitingFaults: > 0 } && source.LongestWait > TimeSpan.Zero);
        Assert.True(waiting.LostFor > TimeSpan.Zero);
        served.Proxy.Mend();
        Assert.Equal("i", served.Target.Main.Hear());
        served.Await(static source => source is { IsLost: false, WaitingFaults: 0 });
    }

    [Fact]
    public void UnderThePolicySigBusOnlyWhoHasWaitedTooLongIsHit()
    {
        using RemotelyServed served = new(HydrationOrder.None, onPageError: PageErrorPolicy.SigBus, patience: s_patience);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.Start, 1));
        served.Proxy.Sever();
        Assert.Equal("bb", served.Target.Main.Verify(ServedImage.At(600), 2));
        served.Await(_ => served.Service.Statistics.PoisonedPages == 2);
        served.Proxy.Mend();
        served.Await(static source => !source.IsLost);

        // They may come after all, and on a machine that is slow just then others may have been waited for too long; nobody has got anything else.
        string now = served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages);
        Assert.DoesNotContain(
            now.Zip(ServedImage.Expected(0, ServedImage.Pages)), static pair => pair.First != pair.Second && pair.First != 'b');
    }

    [Fact]
    public void UnderThePolicyWaitTheServiceEndsAndAnotherGoesOn()
    {
        using RemotelyServed served = new(HydrationOrder.None, patience: s_patience);
        served.Proxy.Sever();
        served.Target.Main.Say("verify", ServedImage.Start, 700, ServedImage.Start);
        PageServiceResult result = served.WaitForEnd();
        Assert.Equal(PageServiceEnd.Failed, result.End);
        Assert.Equal(FailureReason.SourceUnreachable, result.Failure?.Reason);
        Assert.Contains("--resume", result.Failure?.Remedy, StringComparison.Ordinal);
        served.Proxy.Mend();
        served.Succeed();
        Assert.Equal(ServedImage.Expected(0, 700), served.Target.Main.Hear());
    }

    [Fact]
    public void WhoNobodyWaitsForHasAllTheTimeInTheWorld()
    {
        using RemotelyServed served = new(HydrationOrder.Linear, onPageError: PageErrorPolicy.Kill, patience: s_patience);
        served.Proxy.Sever();
        served.Await(static source => source.LostFor > 2 * s_patience);
        Assert.False(served.Service.Completion.IsCompleted);
        served.Proxy.Mend();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
    }

    /// <summary>A server that refuses says nothing about the pages.</summary>
    [Fact]
    public void AnImageThatIsGoneForAWhileIsNotDamaged()
    {
        using RemotelyServed served = new(HydrationOrder.None);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.Start, 1));
        string elsewhere = served.ImageFile + ".moved";
        served.RestartServer(() => File.Move(served.ImageFile, elsewhere));
        served.Target.Main.Say("verify", ServedImage.At(600), 1, ServedImage.At(600));
        served.Await(static source => source.Problem?.Contains("no image", StringComparison.Ordinal) == true);
        served.RestartServer(() =>
        {
            // Another image under the same name is not taken either.
            using ServedImage other = new(ExtentCodec.None, isDense: true);
            File.Copy(other.FilePath, served.ImageFile);
        });
        served.Await(static source => source.Problem?.Contains("another image", StringComparison.Ordinal) == true);
        served.RestartServer(() => File.Move(elsewhere, served.ImageFile, overwrite: true));
        Assert.Equal("i", served.Target.Main.Hear());
        Assert.Equal(0, served.Service.Statistics.DamagedPages);
    }
}
