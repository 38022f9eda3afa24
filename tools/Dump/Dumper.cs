using System.Runtime.ExceptionServices;

namespace LazyRestore.Tools.Dump;

/// <summary>Checkpoints a live process into an image.</summary>
public static class Dumper
{
    /// <summary>
    /// Checkpoints a process. When this throws, the process goes on exactly as it was, and there is no image, not even a part of one.
    /// </summary>
    /// <param name="options">What and where to.</param>
    /// <param name="observer">Hears of the progress.</param>
    /// <param name="cancellation">Gives up; the process then goes on.</param>
    /// <returns>What was stored and what it cost.</returns>
    /// <exception cref="LazyRestoreException">
    /// <see cref="FailureReason.Unsupported"/> when the process has state that an image cannot hold: the message names all of it.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static DumpResult Run(DumpOptions options, IDumpObserver observer, CancellationToken cancellation)
    {
        // ptrace(2) answers only the thread that attached, so the whole dump has one of its own.
        DumpResult? result = null;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                result = new DumpSession(options, observer, cancellation).Run();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            Name = "dump",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
