using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests;

public class DamageTests
{
    [Theory]
    [InlineData(ExtentCodec.None, 1)]
    [InlineData(ExtentCodec.Lz4, 16)]
    public void ADamagedPageIsNeverPlacedAndAllOthersAre(ExtentCodec codec, int lost)
    {
        using Served served = new(HydrationOrder.Linear, codec);
        ExtentEntry second = served.Image.Image.Index.Entries[1];
        using (FileStream file = OpenForWriting(served))
        {
            file.Position = second.PayloadOffset + 100;
            file.Write("damage"u8);
        }

        served.Service.Start();
        PageServiceResult result = served.WaitForEnd();
        Assert.Equal(PageServiceEnd.Failed, result.End);
        Assert.Equal(FailureReason.DamagedImage, result.Failure?.Reason);
        Assert.Equal(lost, served.Service.Statistics.PagesRemaining);
        Assert.Equal(lost, served.Service.Statistics.DamagedPages);
        Assert.Equal("iii", served.Target.Main.Verify(ServedImage.At(511), 1) + served.Target.Main.Verify(ServedImage.At(512 + 20), 2));
    }

    [Fact]
    public void AnImageThatIsCutShortDoesNotTakeTheAgentWithIt()
    {
        using Served served = new(HydrationOrder.Linear);
        using (FileStream file = OpenForWriting(served))
        {
            file.SetLength(served.Image.Image.Index.Entries[2].PayloadOffset + 8192);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Failed, served.WaitForEnd().End);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(1024), 1));
    }

    [Fact]
    public void UnderThePolicyKillTheServiceEndsAtTheFirstDamage()
    {
        using Served served = new(HydrationOrder.None, onPageError: PageErrorPolicy.Kill);
        using (FileStream file = OpenForWriting(served))
        {
            file.Position = served.Image.Image.Index.Entries[0].PayloadOffset;
            file.Write("damage"u8);
        }

        served.Service.Start();
        served.Target.Main.Say("verify", ServedImage.Start, 1, ServedImage.Start);
        Assert.Equal(PageServiceEnd.Failed, served.WaitForEnd().End);
    }

    [Fact]
    public void UnderThePolicySigBusOnlyWhoTouchesADamagedPageIsHit()
    {
        using Served served = new(HydrationOrder.Linear, onPageError: PageErrorPolicy.SigBus);
        ExtentEntry second = served.Image.Image.Index.Entries[1];
        ExtentEntry third = served.Image.Image.Index.Entries[2];
        using (FileStream file = OpenForWriting(served))
        {
            // A page of the second extent, and all that is known of the third.
            file.Position = second.PayloadOffset;
            file.Write("damage"u8);
            file.Position = third.RecordOffset;
            file.Write("damage"u8);
        }

        served.Service.Start();
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        Assert.Equal(1 + 512, served.Service.Statistics.PoisonedPages);

        // Nobody holds the userfaultfd any more: what cannot be had is still no zero.
        served.Service.Dispose();
        served.Target.Fault.Dispose();
        string expected = ServedImage.Expected(0, 512) + "b" + ServedImage.Expected(513, 511) + new string('b', 512) + ServedImage.Expected(1536, 512);
        Assert.Equal(expected, served.Target.Main.Verify(ServedImage.Start, ServedImage.Pages));
    }

    private static FileStream OpenForWriting(Served served) =>
        new(served.Image.FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
}
