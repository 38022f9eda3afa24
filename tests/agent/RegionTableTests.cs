using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Tests;

public class RegionTableTests
{
    private static readonly RegionEntry[] Table = [Entry(0x1000, 0x5000), Entry(0x8000, 0x9000), Entry(0xA000, 0xF000)];

    [Theory]
    [InlineData(0x0FFF, -1)]
    [InlineData(0x1000, 0)]
    [InlineData(0x4FFF, 0)]
    [InlineData(0x5000, -1)]
    [InlineData(0x8000, 1)]
    [InlineData(0xEFFF, 2)]
    [InlineData(0xF000, -1)]
    public void FindsTheEntryOfAnAddress(ulong address, int index) => Assert.Equal(index, RegionTable.Find(Table, address));

    [Fact]
    public void RemovingSplitsAnEntry() => Assert.Equal(
        [Entry(0x1000, 0x2000), Entry(0x3000, 0x5000), Entry(0x8000, 0x9000), Entry(0xA000, 0xF000)],
        Written(result => RegionTable.Remove(Table, 0x2000, 0x3000, result)));

    [Fact]
    public void RemovingCutsAcrossEntries() => Assert.Equal(
        [Entry(0x1000, 0x4000), Entry(0xB000, 0xF000)], Written(result => RegionTable.Remove(Table, 0x4000, 0xB000, result)));

    [Fact]
    public void MovingReplacesWhatWasThere() => Assert.Equal(
        [Entry(0x1000, 0x2000), Entry(0x4000, 0x5000), Entry(0x8000, 0x9000), Entry(0xA000, 0xB000), new(0xB000, 0xD000, 0x2000, 0), Entry(0xD000, 0xF000)],
        Written(result => RegionTable.Move(Table, 0x2000, 0xB000, 0x2000, result)));

    [Fact]
    public void MovingToAndFroGivesTheTableAgain()
    {
        RegionEntry[] there = Written(result => RegionTable.Move(Table, 0x2000, 0x2_0000, 0x2000, result));
        Assert.Equal(Table, Written(result => RegionTable.Move(there, 0x2_0000, 0x2000, 0x2000, result)));
    }

    [Fact]
    public void WhatDoesNotFitIsRefused() => Assert.Equal(-1, RegionTable.Remove(Table, 0x2000, 0x3000, new RegionEntry[3]));

    private static RegionEntry Entry(ulong start, ulong end) => new(start, end, start, 0);

    private static RegionEntry[] Written(Func<RegionEntry[], int> write)
    {
        RegionEntry[] result = new RegionEntry[16];
        return result[..write(result)];
    }
}
