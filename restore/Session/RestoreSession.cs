using System.Diagnostics;
using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Session;
using Microsoft.Win32.SafeHandles;

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

    /// <summary>Goes on where an agent died: serves the memory of a restored process until all of it is there.</summary>
    /// <param name="pid">The restored process.</param>
    /// <param name="hydration">In which order memory arrives that nobody asked for; null as it was.</param>
    /// <param name="observer">Hears of it.</param>
    /// <exception cref="LazyRestoreException">The process waits for no agent, or another one lives.</exception>
    public static RestoreResult Resume(int pid, HydrationOrder? hydration, IRestoreObserver observer) =>
        OwnThread.Run("resume", () => ResumeHere(pid, hydration, observer));

    private static RestoreResult ResumeHere(int pid, HydrationOrder? hydration, IRestoreObserver observer)
    {
        long start = Stopwatch.GetTimestamp();
        int holder = HolderSearch.Find(pid) ?? throw new LazyRestoreException(
            FailureReason.Failed, $"process {pid} waits for no page agent", "It is not restored lazily, or all of its memory is there already.");
        using PidDescriptor held = PidDescriptor.Open(holder);
        PageState state = TakeState(held);
        using CheckpointImage image = ImageOpener.Open(state.ImagePath);
        SafeFileHandle fault = held.Take(HolderSearch.Descriptors(holder, HolderSearch.UserFault)[0]);
        PageServiceOptions options = hydration is { } order ? state.Options with { Hydration = order } : state.Options;
        LazyMemory memory = LazyMemory.Resume(image, pid, Holder.Found(holder), fault, state, SharedMemorySeed.TakeFrom(held, image), options);
        using PidDescriptor process = PidDescriptor.Open(pid);
        TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
        observer.Running(pid, toRunning);
        (TimeSpan? toResident, PageStatistics pages) = Complete(memory, process, observer, image.Index.TotalPages, start, workingSet: null);
        if (toResident is { } resident)
        {
            observer.Resident(resident);
        }

        return new RestoreResult { Pid = pid, ExitStatus = null, ToRunning = toRunning, ToResident = toResident, Pages = pages };
    }

    private static PageState TakeState(PidDescriptor holder)
    {
        IReadOnlyList<int> sockets = HolderSearch.Descriptors(holder.Pid, "socket:");
        return PageState.Attach(
            holder.Take(HolderSearch.Descriptors(holder.Pid, "/memfd:")[0]), holder.Take(sockets[0]), holder.Take(sockets[1]));
    }

    private static RestoreResult RunHere(RestoreOptions options, IRestoreObserver observer, bool waitForExit, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointImage image = ImageOpener.Open(options.ImagePath);
        image.Alter(options.Replacements.Apply);
        HostCheck.Require(image.Checkpoint, options.NewPid);
        cancellation.ThrowIfCancellationRequested();
        using ProcessConstruction construction = ProcessConstruction.Build(image, options);
        LazyMemory? memory = construction.Memory;
        PageStatistics? pages = null;
        TimeSpan? toResident = null;
        if (memory != null && options.Eager)
        {
            (toResident, pages) = Complete(memory, construction.Process, observer, image.Index.TotalPages, start, new WorkingSetFile(image, options, observer));
        }

        cancellation.ThrowIfCancellationRequested();
        construction.Release();
        memory?.Service.ReleaseBulk();
        int pid = construction.Process.Pid;
        TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
        observer.Running(pid, toRunning);
        if (memory != null && !options.Eager)
        {
            (toResident, pages) = Complete(memory, construction.Process, observer, image.Index.TotalPages, start, new WorkingSetFile(image, options, observer));
        }
        else if (memory == null)
        {
            toResident = toRunning;
        }

        if (toResident is { } resident)
        {
            observer.Resident(resident);
        }

        Thread? selfTest = toResident is null ? null : CostSelfTest.StartIfUnknown();
        int? exitStatus = waitForExit ? ChildStatus.Wait(pid) : null;
        if (!waitForExit)
        {
            selfTest?.Join();
        }

        return new RestoreResult
        {
            Pid = pid,
            ExitStatus = exitStatus,
            ToRunning = toRunning,
            ToResident = toResident,
            Pages = pages,
        };
    }

    // Serves to the end and takes what is ours out of the process.
    private static (TimeSpan? ToResident, PageStatistics Pages) Complete(
        LazyMemory memory, PidDescriptor process, IRestoreObserver observer, long totalPages, long start, WorkingSetFile? workingSet)
    {
        bool filled = WaitUntilFilled(memory, process, observer, totalPages, workingSet);
        TimeSpan? toResident = filled ? Stopwatch.GetElapsedTime(start) : null;
        PageStatistics pages = memory.Statistics;
        if (filled)
        {
            memory.Leave();
        }
        else
        {
            memory.Abandon();
        }

        workingSet?.SaveWhenRecorded(memory.Service);
        return (toResident, pages);
    }

    // False when the process ended, or executed another program, before all of its memory was there.
    private static bool WaitUntilFilled(
        LazyMemory memory, PidDescriptor process, IRestoreObserver observer, long totalPages, WorkingSetFile? workingSet)
    {
        Task<PageServiceResult> completion = memory.Completion;
        long nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
        while (!completion.Wait(WatchMilliseconds))
        {
            workingSet?.SaveWhenRecorded(memory.Service);
            if (process.WaitForEnd(milliseconds: 0))
            {
                return false;
            }

            if (Environment.TickCount64 >= nextCheck)
            {
                nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
                observer.Progress(totalPages - memory.Statistics.PagesRemaining, totalPages);
                if (memory.IsOrphaned())
                {
                    return false;
                }
            }
        }

        PageServiceResult result = completion.Result;
        if (result.Failure is { } failure)
        {
            memory.Fail();
            throw failure;
        }

        return result.End == PageServiceEnd.Resident;
    }
}
