using System.Diagnostics;
using LazyRestore.Agent.Serving;

namespace LazyRestore.Agent.Tests.Serving;

public class HydrationBatchTests
{
    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    [Fact]
    public void BatchesAreSmallAfterTheFirstFaultsAndGrowWhileTheyDoNotEnd()
    {
        HydrationBatch batch = new(limitPages: 256);
        long now = Stopwatch.Frequency;
        Assert.Equal(64, batch.Pages(64, now));

        List<int> sizes = [];
        for (int fault = 0; fault < 4000; fault++)
        {
            now += 50 * s_microsecond;
            batch.Heard(1, now);
            sizes.Add(batch.Pages(64, now));
        }

        Assert.Equal(16, sizes[0]);
        Assert.InRange(sizes[100], 17, 32);
        Assert.Equal(256, sizes[^1]);
        Assert.Equal(sizes.Order(), sizes);
    }

    [Fact]
    public void AQuietMillisecondEndsTheSuccession()
    {
        HydrationBatch batch = new(limitPages: 512);
        long now = Stopwatch.Frequency;
        batch.Heard(4000, now);
        Assert.Equal(512, batch.Pages(64, now));

        now += 2000 * s_microsecond;
        Assert.Equal(64, batch.Pages(64, now));
        batch.Heard(1, now);
        Assert.Equal(16, batch.Pages(64, now));
    }

    [Fact]
    public void TheLimitHoldsAtAnyTime()
    {
        HydrationBatch batch = new(limitPages: 8);
        Assert.Equal(8, batch.Pages(64, Stopwatch.Frequency));
        batch.Heard(4000, Stopwatch.Frequency);
        Assert.Equal(8, batch.Pages(64, Stopwatch.Frequency));
    }
}
