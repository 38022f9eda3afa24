using LazyRestore.Agent.Costs;
using LazyRestore.Agent.Tuning;

namespace LazyRestore.Agent.Tests.Tuning;

public sealed class BatchTunerTests
{
    private readonly BatchTuner _batch = new();

    [Fact]
    public void WithoutKnowledgeItIsTheUsualSize() => Assert.Equal(64, _batch.Pages);

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(128, 128)]
    [InlineData(512, 256)]
    public void KnownCostsGiveTheFirstSize(int cheapest, int expected)
    {
        _batch.Know(new PlacementCosts([.. new[] { 1, 16, 64, 128, 512 }.Select(batch =>
            new PlacementCost(PlacementKind.Copy, InHugePages: false, batch, 0, batch >= cheapest ? 900 : 2000))]));
        Assert.Equal(expected, _batch.Pages);
    }

    [Fact]
    public void TheSmallestThatCostsHardlyMoreIsTaken()
    {
        Copy(64, 1200);
        Copy(256, 1000);
        Assert.Equal(256, _batch.Pages);
        Copy(128, 1100);
        Copy(256, 980);
        Assert.Equal(256, _batch.Pages);
        Copy(256, 2000);
        Assert.Equal(64, _batch.Pages);
    }

    [Fact]
    public void LikeCostsDoNotTakeTurns()
    {
        for (int round = 0; round < 50; round++)
        {
            Copy(16, round % 2 == 0 ? 1000 : 1100);
            Copy(64, round % 2 == 0 ? 1100 : 1000);
            Assert.Equal(64, _batch.Pages);
        }
    }

    [Fact]
    public void SinglePagesDoNotCount()
    {
        Copy(64, 1000);
        Copy(1, 1);
        Assert.Equal(64, _batch.Pages);
    }

    private void Copy(int pages, double cost)
    {
        for (int i = 0; i < 40; i++)
        {
            _batch.Copied(pages, cost, now: i);
        }
    }
}
