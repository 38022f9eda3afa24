using System.Diagnostics;
using LazyRestore.Agent.Serving;

namespace LazyRestore.Agent.Tests.Serving;

public class ReadAheadTests
{
    private const int Most = 16;
    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    [Fact]
    public void NothingIsAskedForWhileAProcessBegins()
    {
        ReadAhead ahead = new();
        long now = Stopwatch.Frequency;
        Assert.Equal(Most, ahead.Extents(Most, now));

        ahead.Begin(now);
        Assert.Equal(0, ahead.Extents(Most, now + (4 * s_millisecond)));
    }

    [Fact]
    public void AfterAFaultItGrowsUntilItIsAsMuchAsBefore()
    {
        ReadAhead ahead = new();
        long now = Stopwatch.Frequency;
        ahead.Heard(1, now);
        Assert.Equal([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 16], Enumerable.Range(0, 11).Select(passed => ahead.Extents(Most, now + (passed * s_millisecond))));

        now += 7 * s_millisecond;
        ahead.Heard(1, now);
        Assert.Equal(0, ahead.Extents(Most, now));
    }

    [Fact]
    public void FaultsWithoutEndAreEndedByFilling()
    {
        ReadAhead ahead = new();
        long now = Stopwatch.Frequency;
        List<int> extents = [];
        for (int fault = 0; fault < 300; fault++)
        {
            now += s_millisecond;
            ahead.Heard(1, now);
            extents.Add(ahead.Extents(Most, now));
        }

        Assert.Equal(0, extents[200]);
        Assert.Equal(Most, extents[^1]);
        Assert.Equal([0, Most], extents.Distinct());
    }
}
