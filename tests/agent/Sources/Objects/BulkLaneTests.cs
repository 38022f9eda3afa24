using LazyRestore.Agent.Sources.Objects;
using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Tests.Sources.Objects;

public sealed class BulkLaneTests
{
    private const long Longest = 1000;

    [Fact]
    public void NeighboursGoTogetherInTheOrderOfTheObject() => Assert.Equal(
        [0, 2, 1], BulkLane.Merge([new ByteRange(0, 100), new ByteRange(200, 100), new ByteRange(100, 100)], Longest));

    [Fact]
    public void TheOneThatHasWaitedLongestIsTheFirst() => Assert.Equal(
        [0], BulkLane.Merge([new ByteRange(500, 100), new ByteRange(0, 100)], Longest));

    [Fact]
    public void WhatIsFarAwayComesAlone() => Assert.Equal(
        [0], BulkLane.Merge([new ByteRange(0, 100), new ByteRange(100_000, 100)], long.MaxValue));

    [Fact]
    public void ARangeIsNotLongerThanItMayBe() => Assert.Equal(
        [0, 1], BulkLane.Merge([new ByteRange(0, 500), new ByteRange(500, 500), new ByteRange(1000, 500)], Longest));

    [Fact]
    public void ASinglePartMayBeAsLongAsItIs() => Assert.Equal([0], BulkLane.Merge([new ByteRange(0, 5000), new ByteRange(5000, 1)], Longest));

    [Fact]
    public void PartsMayOverlap() => Assert.Equal(
        [0, 1, 2], BulkLane.Merge([new ByteRange(0, 500), new ByteRange(100, 50), new ByteRange(500, 100)], Longest));
}
