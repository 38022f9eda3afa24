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

    private static FileStream OpenForWriting(Served served) =>
        new(served.Image.FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
}
