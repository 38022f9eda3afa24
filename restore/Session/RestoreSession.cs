using System.Diagnostics;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Session;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore;

/// <summary>Restores a process and serves its memory until all of it is there.</summary>
public static class RestoreSession
{
    private const int WatchMilliseconds = 10;
    private const int OrphanCheckMilliseconds = 100;

    /// <summary>
    /// Restores a process on a thread of its own, since ptrace(2) answers only one. When this throws, there is no process.
    /// </summary>
    /// <param name="options">What and how.</param>
    /// <param name="observer">Hears of it.</param>
    /// <param name="waitForExit">Wait for the end of the process, as its parent.</param>
    /// <param name="cancellation">Gives up as long as the process does not run.</param>
    /// <exception cref="LazyRestoreException">It cannot be restored here.</exception>
    public static RestoreResult Run(RestoreOptions options, IRestoreObserver observer, bool waitForExit, CancellationToken cancellation) =>
        OwnThread.Run("restore", () => RunHere(options, observer, waitForExit, cancellation));

    private static RestoreResult RunHere(RestoreOptions options, IRestoreObserver observer, bool waitForExit, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointImage image = CheckpointImage.OpenFile(options.ImagePath);
        HostCheck.Require(image.Checkpoint, options.NewPid);
        cancellation.ThrowIfCancellationRequested();
        using ProcessConstruction construction = ProcessConstruction.Build(image, options);
        LazyMemory? memory = construction.Memory;
        PageStatistics? pages = null;
        TimeSpan? toResident = null;
        if (memory != null && options.Eager)
        {
            WaitUntilFilled(memory, construction.Process, observer, image.Index.TotalPages);
            toResident = Stopwatch.GetElapsedTime(start);
        }

        cancellation.ThrowIfCancellationRequested();
        construction.Release();
        int pid = construction.Process.Pid;
        TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
        observer.Running(pid, toRunning);
        if (memory != null)
        {
            bool filled = toResident != null || WaitUntilFilled(memory, construction.Process, observer, image.Index.TotalPages);
            pages = memory.Service.Statistics;
            if (filled)
            {
                memory.Leave();
            }
            else
            {
                memory.Abandon();
            }

            toResident = filled ? toResident ?? Stopwatch.GetElapsedTime(start) : null;
        }
        else
        {
            toResident = toRunning;
        }

        if (toResident is { } resident)
        {
            observer.Resident(resident);
        }

        return new RestoreResult
        {
            Pid = pid,
            ExitStatus = waitForExit ? ChildStatus.Wait(pid) : null,
            ToRunning = toRunning,
            ToResident = toResident,
            Pages = pages,
        };
    }

    // False when the process ended, or executed another program, before all of its memory was there.
    private static bool WaitUntilFilled(LazyMemory memory, PidDescriptor process, IRestoreObserver observer, long totalPages)
    {
        Task<PageServiceResult> completion = memory.Service.Completion;
        long nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
        while (!completion.Wait(WatchMilliseconds))
        {
            if (process.WaitForEnd(milliseconds: 0))
            {
                return false;
            }

            if (Environment.TickCount64 >= nextCheck)
            {
                nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
                observer.Progress(totalPages - memory.Service.Statistics.PagesRemaining, totalPages);
                if (memory.IsOrphaned())
                {
                    return false;
                }
            }
        }

        PageServiceResult result = completion.Result;
        return result.Failure is { } failure ? throw failure : result.End == PageServiceEnd.Resident;
    }
}
