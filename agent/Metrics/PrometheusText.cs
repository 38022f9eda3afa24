using System.Globalization;
using System.Text;

namespace LazyRestore.Agent.Metrics;

/// <summary>
/// The text that Prometheus and its relatives read, exposition format 0.0.4. Names follow OpenTelemetry's rules for Prometheus: dots become
/// underscores, the unit is appended, and _total for counters.
/// </summary>
public static class PrometheusText
{
    /// <summary>The media type.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Writes metrics.</summary>
    public static string Of(IEnumerable<Metric> metrics)
    {
        StringBuilder text = new();
        foreach (Metric metric in metrics)
        {
            string name = NameOf(metric);
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {metric.Description}\n# TYPE {name} {metric.Kind.ToString().ToLowerInvariant()}\n");
            foreach (MetricSample sample in metric.Samples)
            {
                text.Append(name).Append(sample.Suffix).Append(Labels(sample)).Append(' ').Append(Number(sample.Value)).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>What a metric is called there.</summary>
    public static string NameOf(Metric metric)
    {
        string unit = metric.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        return metric.Name.Replace('.', '_') + unit + (metric.Kind == MetricKind.Counter ? "_total" : "");
    }

    private static string Labels(MetricSample sample) => sample.Labels is { Length: > 0 } labels
        ? $"{{{string.Join(',', labels.Select(static label => $"{label.Name}=\"{Escaped(label.Value)}\""))}}}"
        : "";

    private static string Escaped(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);
}
