using LazyRestore.Agent.State;

namespace LazyRestore.Agent.Tests.State;

/// <summary>The bits of an extent against an array of booleans.</summary>
public unsafe class ExtentBitsTests
{
    [Fact]
    public void AnySequenceOfAdditionsGivesWhatAnArrayGives()
    {
        Random random = new(7);
        ulong* words = stackalloc ulong[ExtentBits.WordCount];
        for (int round = 0; round < 100; round++)
        {
            new Span<ulong>(words, ExtentBits.WordCount).Clear();
            ExtentBits bits = new(words);
            bool[] model = new bool[ExtentBits.PageCount];
            for (int addition = 0; addition < 12; addition++)
            {
                int first = random.Next(ExtentBits.PageCount);
                int end = random.Next(first + 1, ExtentBits.PageCount + 1);
                end = random.Next(3) == 0 ? end : Math.Min(end, first + 5);
                Assert.Equal(model[first..end].Count(isSet => !isSet), bits.Add(first, end));
                Array.Fill(model, true, first, end - first);
                AssertEqual(model, bits);
            }
        }
    }

    [Theory]
    [InlineData(0, 0, 64, ulong.MaxValue)]
    [InlineData(0, 0, 512, ulong.MaxValue)]
    [InlineData(0, 63, 64, 1UL << 63)]
    [InlineData(1, 63, 65, 1UL)]
    [InlineData(2, 0, 128, 0UL)]
    [InlineData(2, 192, 512, 0UL)]
    public void MasksEndWhereTheRangeEnds(int word, int first, int end, ulong expected) =>
        Assert.Equal(expected, ExtentBits.Mask(word, first, end));

    private static void AssertEqual(bool[] model, ExtentBits bits)
    {
        Assert.Equal(model.Count(isSet => isSet), bits.Count());
        for (int page = 0; page < ExtentBits.PageCount; page += 3)
        {
            Assert.Equal(model[page], bits.Contains(page));
            Assert.Equal(NextOf(model, page, true), bits.NextSet(page));
            Assert.Equal(NextOf(model, page, false), bits.NextClear(page));
        }
    }

    private static int NextOf(bool[] model, int page, bool value)
    {
        int next = Array.IndexOf(model, value, page);
        return next < 0 ? ExtentBits.PageCount : next;
    }
}
