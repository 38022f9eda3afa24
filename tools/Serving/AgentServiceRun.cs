using System.Diagnostics;
using LazyRestore.Agent.Control;
using LazyRestore.Agent.Metrics;
using LazyRestore.Restore.Service;
using LazyRestore.Tools.Commands;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Serving;

/// <summary><c>lazyrestore agent --listen</c>: a service from its start to its end.</summary>
internal static class AgentServiceRun
{
    // Requests that wait for an image each take a thread.
    private const int LeastThreads = 40;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Serves until a signal comes, or all memory is there after a drain.</summary>
    public static int Run(string socket, MetricsAddress? metricsAddress, Reporter reporter)
    {
        ThreadPool.SetMinThreads(LeastThreads, LeastThreads);
        using Interruption interruption = new();

        // First of all, so that of two that are started one gives up before it has touched anything.
        using var control = ControlServer.Listen(socket);
        AgentService service = new(socket, new ServiceObserver(reporter));
        try
        {
            service.TakeUp();
            control.Begin(service);
            using MetricsServer? metrics = metricsAddress is null ? null : Listen(metricsAddress);
            metrics?.Begin(() => service.Metrics);
            reporter.Event(
                "listening", $"listening at unix:{socket}",
                new("address", null, Value.Text($"unix:{socket}")), new("metrics", null, Value.Text(metrics?.Location)));
            Wait(service, interruption.Token);
        }
        finally
        {
            control.Dispose();
            service.Stop();
        }

        reporter.Result(new Document { Fields = ServiceReport.Fields(service.Status) });
        return 0;
    }

    private static void Wait(AgentService service, CancellationToken interrupted)
    {
        try
        {
            service.Drained.Wait(interrupted);
        }
        catch (OperationCanceledException)
        {
            // The signal is the usual end.
        }
    }

    // What keeps the descriptors of a service that was killed keeps its address, too, until the last of its processes is taken up again.
    private static MetricsServer Listen(MetricsAddress address)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return MetricsServer.Listen(address);
            }
            catch (LazyRestoreException) when (Stopwatch.GetElapsedTime(start) < s_patience)
            {
                Thread.Sleep(1);
            }
        }
    }
}
