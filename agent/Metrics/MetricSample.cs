namespace LazyRestore.Agent.Metrics;

/// <summary>A number of a metric.</summary>
/// <param name="Value">The number.</param>
/// <param name="Suffix">What is appended to the metric's name: _bucket, _sum or _count of a histogram.</param>
/// <param name="Labels">Names and values that tell it from the others.</param>
public readonly record struct MetricSample(double Value, string Suffix = "", params (string Name, string Value)[] Labels)
{
    /// <summary>A number with labels.</summary>
    public static MetricSample Of(double value, params (string Name, string Value)[] labels) => new(value, "", labels);
}
