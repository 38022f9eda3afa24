using LazyRestore.Agent.Metrics;

namespace LazyRestore.Agent.Tests.Metrics;

public class PrometheusTextTests
{
    [Fact]
    public void NamesFollowFromNameUnitAndKind()
    {
        Assert.Equal("lazyrestore_source_bytes_total", PrometheusText.NameOf(Bare("lazyrestore.source", MetricKind.Counter, "By")));
        Assert.Equal("lazyrestore_page_fault_duration_seconds", PrometheusText.NameOf(Bare("lazyrestore.page.fault.duration", MetricKind.Histogram, "s")));
        Assert.Equal("lazyrestore_pages_remaining", PrometheusText.NameOf(Bare("lazyrestore.pages.remaining", MetricKind.Gauge, "{page}")));
    }

    [Fact]
    public void EveryNumberHasALineAndLabelsAreEscaped()
    {
        Metric metric = new(
            "a.b", MetricKind.Counter, "{x}", "What it says.",
            [MetricSample.Of(3, ("name", "back\\slash \"quoted\"\nline"), ("other", "x")), MetricSample.Of(0.25), new(double.PositiveInfinity, "_sum")]);
        Assert.Equal(
            """
            # HELP a_b_total What it says.
            # TYPE a_b_total counter
            a_b_total{name="back\\slash \"quoted\"\nline",other="x"} 3
            a_b_total 0.25
            a_b_total_sum +Inf

            """,
            PrometheusText.Of([metric]));
    }

    private static Metric Bare(string name, MetricKind kind, string unit) => new(name, kind, unit, "", []);
}
