using System.Globalization;
using LazyRestore.Restore;
using LazyRestore.Tools.Input;
using LazyRestore.Tools.Output;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Restoring;

/// <summary>
/// The half of a detached restore that does the work, in a session of its own: it reports once over a pipe, when the process runs
/// or cannot be restored, and stays until all memory is there.
/// </summary>
internal static class BackgroundRestore
{
    /// <summary>Restores, reports to the descriptor, serves.</summary>
    public static int Run(RestoreSettings settings, int reportFd, Reporter reporter)
    {
        // Fails only for the leader of a process group, which then has a session to itself already.
        Interop.setsid();
        using SafeFileHandle report = new(reportFd, ownsHandle: true);
        Interop.fcntl(reportFd, Interop.F_SETFD, Interop.FD_CLOEXEC);
        using WarmHeap heap = WarmHeap.Take();
        using SignalRelay signals = new();
        bool running = false;
        Action? tell = null;
        try
        {
            using RunningNotice notice = RunningNotice.Prepare(settings);
            using ImageInput image = ImageInput.Open(settings.Image, reporter.Streams, signals.Interrupted);
            using var metrics = RestoreMetrics.OfRestore(settings.Metrics, reporter.WithoutResults());
            RestoreObserver observer = new(reporter.WithoutResults(), notice, (pid, sinceStart) =>
            {
                running = true;
                heap.Dispose();
                LetGoOfStreams();
                tell = () => DetachedReport.Write(report, JsonLine.Event("running", RestoreReport.Running(pid, sinceStart)));
                if (settings.AgentSocket is null)
                {
                    Tell();
                }
            })
            {
                Metrics = metrics,
                GivenAway = Tell,
            };
            RestoreSession.Run(settings.OptionsFor(image.Path), observer, waitForExit: false, signals.Interrupted);
            Tell();
            return 0;
        }
        catch (Exception failure) when (!running)
        {
            FailureReport told = FailureReport.Of(failure);
            DetachedReport.Write(report, JsonLine.Event("error", told.Fields()));
            return told.ExitCode;
        }

        // Once; where a service is to serve the process, when it does.
        void Tell()
        {
            tell?.Invoke();
            tell = null;
        }
    }

    // Whoever reads what the detaching command prints waits for the end of the stream, not of the agent. Standard error stays where
    // nobody waits for its end, a terminal or a file: it is the only way to tell of a page that cannot be had. The runtime may have
    // duplicates of its own.
    private static void LetGoOfStreams()
    {
        using SafeFileHandle nowhere = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        string?[] streams = [TargetOf("0"), TargetOf("1"), IsRead(TargetOf("2")) ? TargetOf("2") : null];
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            string number = Path.GetFileName(path);
            if (number is "0" or "1" || (TargetOf(number) is { } target && IsRead(target) && streams.Contains(target)))
            {
                Interop.dup2((int)nowhere.DangerousGetHandle(), int.Parse(number, CultureInfo.InvariantCulture));
            }
        }
    }

    private static string? TargetOf(string descriptor) => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;

    private static bool IsRead(string? target) =>
        target != null && (target.StartsWith("pipe:", StringComparison.Ordinal) || target.StartsWith("socket:", StringComparison.Ordinal));
}
