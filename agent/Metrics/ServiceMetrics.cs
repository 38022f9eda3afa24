using LazyRestore.Agent.Control;

namespace LazyRestore.Agent.Metrics;

/// <summary>How a service is, as metrics.</summary>
public static class ServiceMetrics
{
    /// <summary>The metrics of a service.</summary>
    public static IEnumerable<Metric> Of(ServiceStatus status) =>
    [
        new(
            "lazyrestore.service.processes", MetricKind.Gauge, "{process}", "Processes of the service, by what it does for them.",
            [
                MetricSample.Of(status.Processes.Count(static process => process.State == ProcessState.Serving), ("state", "serving")),
                MetricSample.Of(status.Processes.Count(static process => process.State == ProcessState.AwaitingImage), ("state", "awaiting_image")),
            ]),
        new("lazyrestore.service.attachments", MetricKind.Counter, "{process}", "Processes that were taken up since it runs.", [MetricSample.Of(status.Attached)]),
        new("lazyrestore.service.completions", MetricKind.Counter, "{process}", "Processes that have got all of their memory since.", [MetricSample.Of(status.Completed)]),
    ];
}
