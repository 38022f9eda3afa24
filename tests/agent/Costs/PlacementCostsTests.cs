using LazyRestore.Agent.Costs;

namespace LazyRestore.Agent.Tests.Costs;

public sealed class PlacementCostsTests
{
    private static readonly int[] s_batches = [1, 16, 64, 512];

    [Fact]
    public void TheCrossoverIsWhereMovingIsCheaperForGood()
    {
        PlacementCosts costs = Costs(copy: [2000, 1000, 900, 900], move: [1100, 1200, 90, 70]);
        Assert.Equal(64, costs.Crossover(PlacementKind.Move, 0));
        Assert.Null(costs.Crossover(PlacementKind.FillAndMove, 0));
        Assert.Null(costs.Crossover(PlacementKind.Move, 1));
    }

    [Fact]
    public void WhereEveryBatchIsCheaperToMoveTheCrossoverIsTheSmallest() =>
        Assert.Equal(1, Costs(copy: [2000, 1000, 900, 900], move: [1100, 200, 90, 70]).Crossover(PlacementKind.Move, 0));

    [Fact]
    public void EqualCostsAreNoReasonToMove() =>
        Assert.Null(Costs(copy: [900, 900, 900, 900], move: [900, 900, 900, 900]).Crossover(PlacementKind.Move, 0));

    [Theory]
    [InlineData(850, 899, true, true)]
    [InlineData(900, 901, false, false)]
    [InlineData(330, 3000, true, false)]
    public void DataThatComesFromElsewhereIsMovedWhereFillingAndMovingIsCheaper(double huge, double small, bool movesHuge, bool movesSmall)
    {
        PlacementCosts costs = Costs(copy: [2000, 1000, 900, 950], move: [1, 1, 1, 1]);
        costs = new PlacementCosts(
        [
            .. costs.All,
            new(PlacementKind.FillAndMove, InHugePages: true, 512, 0, huge),
            new(PlacementKind.FillAndMove, InHugePages: false, 512, 0, small),
        ]);
        Assert.Equal(new PlacementChoice(movesHuge, movesSmall, 16), costs.Choose());
    }

    [Fact]
    public void WithoutHugePagesEverythingIsCopied() =>
        Assert.Equal(new PlacementChoice(false, false, 16), Costs(copy: [2000, 1000, 900, 900], move: [1, 1, 1, 1]).Choose());

    [Fact]
    public void WhereThreadsRunTheirCostsCount()
    {
        PlacementCosts idle = Costs(copy: [100, 100, 100, 100], move: []);
        PlacementCosts busy = new([.. idle.All, .. Costs(copy: [400, 300, 200, 100], move: [], threads: 1).All]);
        Assert.Equal(512, busy.Choose().BatchPages);
        Assert.Equal([0, 1], busy.ThreadCounts);
    }

    [Fact]
    public void NothingMeasuredSpeaksForNothing() => Assert.Equal(default, new PlacementCosts([]).Choose());

    private static PlacementCosts Costs(double[] copy, double[] move, int threads = 0) => new(
    [
        .. copy.Select((cost, i) => new PlacementCost(PlacementKind.Copy, InHugePages: false, s_batches[i], threads, cost)),
        .. move.Select((cost, i) => new PlacementCost(PlacementKind.Move, InHugePages: false, s_batches[i], threads, cost)),
    ]);
}
