namespace LazyRestore.Agent.Metrics;

/// <summary>What kind of numbers a metric has.</summary>
public enum MetricKind
{
    /// <summary>They only grow.</summary>
    Counter,

    /// <summary>They go up and down.</summary>
    Gauge,

    /// <summary>Counts by the size of what was observed.</summary>
    Histogram,
}
