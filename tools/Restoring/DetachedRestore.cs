using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using LazyRestore.Tools.Commands;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>
/// <c>restore --detach</c>: a second copy of this program does the work in the background, because a runtime with threads cannot
/// fork. It gets the same arguments and a pipe for one report, and outlives this half.
/// </summary>
internal static class DetachedRestore
{
    private const int SIGTERM = 15;

    /// <summary>Starts the other half and waits for its report.</summary>
    public static int Run(IReadOnlyList<string> arguments, Reporter reporter)
    {
        using AnonymousPipeServerStream pipe = new(PipeDirection.In, HandleInheritability.Inheritable);
        using Process worker = Process.Start(
            SelfInvocation.With([.. arguments, "--report-fd", pipe.GetClientHandleAsString()]))!;
        pipe.DisposeLocalCopyOfClientHandle();

        // The other half has a session of its own and hears nothing of the terminal.
        using Interruption interruption = new();
        using CancellationTokenRegistration passedOn = interruption.Token.Register(() => Interop.kill(worker.Id, SIGTERM));
        using StreamReader lines = new(pipe);
        DetachedReport report = DetachedReport.Parse(lines.ReadLine() ?? "");
        return report.Failure is { } failure ? reporter.Fail(failure) : Tell(report, reporter);
    }

    private static int Tell(DetachedReport report, Reporter reporter)
    {
        reporter.Info($"process {report.Pid} runs after {Readable.Duration(report.ToRunning)}");
        reporter.Answer(
            report.Pid!.Value.ToString(CultureInfo.InvariantCulture),
            new Document { Fields = RestoreReport.Running(report.Pid.Value, report.ToRunning) });
        return 0;
    }
}
