using LazyRestore.Agent;
using LazyRestore.Agent.Metrics;
using LazyRestore.Agent.Tuning;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>The metrics of a restore, at the address of <c>--metrics</c>.</summary>
/// <param name="address">The address.</param>
/// <param name="reporter">Who tells where they are.</param>
internal sealed class RestoreMetrics(MetricsAddress address, Reporter reporter) : IDisposable
{
    private MetricsServer? _server;

    /// <summary>Those of a restore: whether the address can be had is known before there is a process.</summary>
    /// <returns>Null when nobody has asked for metrics, which costs nothing.</returns>
    /// <exception cref="LazyRestoreException">The address cannot be had.</exception>
    public static RestoreMetrics? OfRestore(MetricsAddress? address, Reporter reporter)
    {
        if (address is null)
        {
            return null;
        }

        RestoreMetrics metrics = new(address, reporter);
        metrics.Listen();
        return metrics;
    }

    /// <summary>
    /// Those of an agent that takes the place of another: what keeps the descriptors of a dead one keeps its address, too, until its place is taken. That
    /// the address cannot be had then is no reason to let a process wait.
    /// </summary>
    /// <returns>Null when nobody has asked for metrics.</returns>
    public static RestoreMetrics? OfSuccessor(MetricsAddress? address, Reporter reporter) => address is null ? null : new RestoreMetrics(address, reporter);

    /// <summary>Begins to give the metrics of processes.</summary>
    public void Follow(Func<IReadOnlyList<PageStatistics>> processes)
    {
        try
        {
            Listen().Begin(() => Of(processes()));
        }
        catch (LazyRestoreException problem)
        {
            reporter.Warning(problem.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _server?.Dispose();

    private static IEnumerable<Metric> Of(IReadOnlyList<PageStatistics> services) =>
        PageMetrics.Of(PageStatistics.Sum(services), [.. services.Select(static service => service.Placement).OfType<PlacementReport>()]);

    private MetricsServer Listen()
    {
        if (_server is null)
        {
            _server = MetricsServer.Listen(address);
            reporter.Event("metrics", $"metrics at {_server.Location}", new Field("address", null, Value.Text(_server.Location)));
        }

        return _server;
    }
}
