using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Tests.State;

/// <summary>The region table against a model that knows each page by itself.</summary>
public class RegionTableModelTests
{
    private const int Pages = 64;
    private const ulong PageSize = 4096;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnySequenceOfChangesGivesWhatTheModelGives(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 60; round++)
        {
            RegionEntry[] table = [Entry(4, 20, 4), Entry(20, 24, 20), Entry(30, 50, 30)];
            long[] model = ModelOf(table);
            for (int change = 0; change < 40; change++)
            {
                table = Change(random, table, model);
                AssertIsOrdered(table);
                Assert.Equal(model, ModelOf(table));
                AssertFindsAll(table, model);
            }
        }
    }

    [Fact]
    public void EntriesOfDifferentKindStayApart()
    {
        RegionEntry wiped = new(2 * PageSize, 4 * PageSize, 2 * PageSize, RegionEntry.WipeOnFork);
        RegionEntry[] table = [Entry(0, 2, 0), wiped, Entry(4, 6, 4)];
        Span<RegionEntry> result = new RegionEntry[8];
        Assert.Equal(table, result[..RegionTable.Remove(table, 50 * PageSize, 51 * PageSize, result)].ToArray());
    }

    private static RegionEntry[] Change(Random random, RegionEntry[] table, long[] model)
    {
        int first = random.Next(Pages - 1);
        int count = random.Next(1, Math.Min(12, Pages - first));
        if (random.Next(2) == 0)
        {
            Array.Fill(model, -1, first, count);
            RegionEntry[] result = new RegionEntry[Pages];
            return result[..RegionTable.Remove(table, (ulong)first * PageSize, (ulong)(first + count) * PageSize, result)];
        }

        // As mremap(2) demands, the places do not overlap.
        int to = random.Next(Pages - count);
        if (to < first + count && first < to + count)
        {
            return table;
        }

        long[] moving = model[first..(first + count)];
        Array.Fill(model, -1, first, count);
        moving.CopyTo(model, to);
        return Moved(table, first, to, count);
    }

    private static RegionEntry[] Moved(RegionEntry[] table, int from, int to, int count)
    {
        RegionEntry[] result = new RegionEntry[Pages];
        return result[..RegionTable.Move(table, (ulong)from * PageSize, (ulong)to * PageSize, (ulong)count * PageSize, result)];
    }

    private static RegionEntry Entry(ulong first, ulong end, ulong image) => new(first * PageSize, end * PageSize, image * PageSize, 0);

    // The image page of each page, -1 for none.
    private static long[] ModelOf(RegionEntry[] table)
    {
        long[] model = new long[Pages];
        Array.Fill(model, -1);
        foreach (RegionEntry entry in table)
        {
            for (ulong address = entry.Start; address < entry.End; address += PageSize)
            {
                model[address / PageSize] = (long)((entry.Image + (address - entry.Start)) / PageSize);
            }
        }

        return model;
    }

    private static void AssertIsOrdered(RegionEntry[] table)
    {
        ulong end = 0;
        foreach (RegionEntry entry in table)
        {
            Assert.True(entry.Start >= end && entry.End > entry.Start);
            end = entry.End;
        }
    }

    private static void AssertFindsAll(RegionEntry[] table, long[] model)
    {
        for (int page = 0; page < Pages; page++)
        {
            int found = RegionTable.Find(table, (ulong)page * PageSize);
            Assert.Equal(model[page] >= 0, found >= 0);
            Assert.True(found < 0 || (table[found].Start <= (ulong)page * PageSize && (ulong)page * PageSize < table[found].End));
        }
    }
}
