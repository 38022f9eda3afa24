using LazyRestore.Restore;
using LazyRestore.Tools.Input;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>A restore in the foreground: it stays until the process ends, and ends as the process did.</summary>
internal static class ForegroundRestore
{
    /// <summary>Restores, serves, waits.</summary>
    /// <returns>The process's own status, 128 and the signal's number when one killed it.</returns>
    public static int Run(RestoreSettings settings, Reporter reporter)
    {
        using WarmHeap heap = WarmHeap.Take();
        using SignalRelay signals = new();
        try
        {
            using RunningNotice notice = RunningNotice.Prepare(settings);
            using ImageInput image = ImageInput.Open(settings.Image, reporter.Streams, signals.Interrupted);
            using var metrics = RestoreMetrics.OfRestore(settings.Metrics, reporter);
            RestoreObserver observer = new(reporter, notice, (pid, sinceStart) =>
            {
                signals.RelayTo(pid);
                heap.Dispose();
                reporter.Event(
                    "running",
                    $"process {pid} runs after {Readable.Duration(sinceStart)}",
                    RestoreReport.Running(pid, sinceStart));
            })
            {
                Metrics = metrics,
            };
            RestoreResult result = RestoreSession.Run(
                settings.OptionsFor(image.Path), observer, waitForExit: true, signals.Interrupted);
            foreach (string line in result.Pages?.Placement is { } placement ? PlacementSummary.Lines(placement) : [])
            {
                reporter.Info(line);
            }

            reporter.Result(RestoreReport.Of(result));
            return result.ExitStatus ?? 0;
        }
        catch (OperationCanceledException)
        {
            throw new LazyRestoreException(FailureReason.Interrupted, "interrupted: no process was left behind");
        }
    }
}
