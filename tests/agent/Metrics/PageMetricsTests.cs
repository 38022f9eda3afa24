using LazyRestore.Agent.Metrics;
using LazyRestore.Agent.Tests.Target;

namespace LazyRestore.Agent.Tests.Metrics;

public class PageMetricsTests
{
    [Fact]
    public void EveryFaultComesToOneEnd()
    {
        using var served = Served.Start(HydrationOrder.None);
        TargetConnection target = served.Target.Main;

        // Stored and read, not stored and read, stored and written to, thrown away.
        Assert.Equal("i", target.Verify(ServedImage.At(0), 1));
        Assert.Equal("0", target.Verify(ServedImage.At(3 + (7 * 200)), 1));
        target.Do("write", ServedImage.At(1000), 1);
        target.Do("drop", ServedImage.At(512), 512 * 4096);
        Assert.Equal("0", target.Verify(ServedImage.At(600), 1));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics is var now && now.Faults.Total == now.DemandFaults, 10_000));
        PageStatistics pages = served.Service.Statistics;
        Assert.InRange(pages.Faults[FaultKind.Read, FaultOutcome.Copied], 1, pages.DemandFaults);
        Assert.InRange(pages.Faults[FaultKind.Read, FaultOutcome.Zero], 1, pages.DemandFaults);
        Assert.InRange(pages.Faults[FaultKind.Write, FaultOutcome.Copied] + pages.Faults[FaultKind.Write, FaultOutcome.Zero], 1, pages.DemandFaults);
        Assert.InRange(pages.ServiceTimes.Sum(), pages.DemandFaults - 1, pages.DemandFaults);
        Assert.InRange(pages.ServiceTime, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void WhatTheMoverBringsIsCountedWithItsFaults()
    {
        using Served served = new(HydrationOrder.None, withMover: true);
        served.Service.Start();
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(700), 1));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics.ServiceTimes.Sum() == 1, 10_000));
        PageStatistics pages = served.Service.Statistics;
        Assert.Equal(1, pages.Faults[FaultKind.Read, FaultOutcome.Moved]);
        Assert.Equal(1, pages.Faults.Total);
        Assert.Equal(512, pages.MovedPages);
    }

    [Fact]
    public void ASuccessorGoesOnCounting()
    {
        using var served = Served.Start(HydrationOrder.None);
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(0), 1));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics.Faults.Total == 1, 10_000));
        served.Replace();
        Assert.Equal("i", served.Target.Main.Verify(ServedImage.At(1000), 1));
        Assert.True(SpinWait.SpinUntil(() => served.Service.Statistics.Faults[FaultKind.Read, FaultOutcome.Copied] == 2, 10_000));
    }

    [Fact]
    public void MetricsSayWhatTheStatisticsSay()
    {
        using var served = Served.Start(HydrationOrder.Linear);
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        PageStatistics pages = served.Service.Statistics;
        Metric[] metrics = [.. PageMetrics.Of(pages, [pages.Placement!])];
        Assert.Equal(pages.CopiedPages, Value(metrics, "lazyrestore_pages_placed_total", "copy"));
        Assert.Equal(pages.HydratedPages, Value(metrics, "lazyrestore_pages_hydrated_total"));
        Assert.Equal(0, Value(metrics, "lazyrestore_pages_remaining"));
        Assert.Equal(pages.Sources.Single().Bytes, Value(metrics, "lazyrestore_source_bytes_total", "file"));
        Assert.InRange(pages.Sources.Single().Bytes, pages.CopiedPages * 4096, long.MaxValue);

        // There is no mover, so there was nothing to choose.
        Assert.Equal(1, Value(metrics, "lazyrestore_placement_choices", "copy", "only_way"));
        Assert.Equal(0, Value(metrics, "lazyrestore_placement_switches_total", "move", "measured"));
        Assert.Equal(pages.Placement!.BatchPages, Value(metrics, "lazyrestore_placement_batch"));
    }

    [Fact]
    public void ProcessesAreAddedUp()
    {
        using var served = Served.Start(HydrationOrder.Linear);
        Assert.Equal(PageServiceEnd.Resident, served.WaitForEnd().End);
        PageStatistics pages = served.Service.Statistics;
        var both = PageStatistics.Sum([pages, pages]);
        Assert.Equal(2 * pages.CopiedPages, both.CopiedPages);
        Assert.Equal(2 * pages.Faults.Total, both.Faults.Total);
        Assert.Equal(2 * pages.Sources.Single().Bytes, both.Sources.Single().Bytes);
        Assert.Equal(2, Value([.. PageMetrics.Of(both, [pages.Placement!, pages.Placement!])], "lazyrestore_placement_choices", "copy", "only_way"));
    }

    private static double Value(Metric[] metrics, string name, params string[] labels) => metrics
        .Single(metric => PrometheusText.NameOf(metric) == name).Samples
        .Single(sample => sample.Labels.Select(static label => label.Value).SequenceEqual(labels)).Value;
}
