using System.Diagnostics;
using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Session;
using LazyRestore.Restore.Terminals;

namespace LazyRestore.Restore;

/// <summary>Restores a process and serves its memory until all of it is there.</summary>
public static class RestoreSession
{
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
        using var tree = AbandonedTree.Find(pid);
        using CheckpointImage image = ImageOpener.Open(tree.ImagePath);
        tree.Take(service: 0);
        IReadOnlyList<LazyMemory> memories = tree.Resume(image, hydration);
        TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
        ServedMemory served = new(memories, observer, image.Index.TotalPages, workingSet: null);
        observer.Serving(() => served.Processes);
        observer.Running(pid, toRunning);
        TimeSpan? toResident = served.Complete() ? Stopwatch.GetElapsedTime(start) : null;
        if (toResident is { } resident)
        {
            observer.Resident(resident);
        }

        return new RestoreResult { Pid = pid, ExitStatus = null, ToRunning = toRunning, ToResident = toResident, Pages = served.Statistics };
    }

    // Here all the same, when the service does not want it.
    private static bool CompleteElsewhere(HandOver handOver, int pid, CheckpointImage image, IRestoreObserver observer, ref ServedMemory served)
    {
        LazyRestoreException? problem = handOver.Give(pid, served);
        observer.HandedOver(problem);
        if (problem is null)
        {
            return false;
        }

        using var tree = AbandonedTree.Find(pid);
        tree.Take(service: 0);
        served = new(tree.Resume(image, hydration: null), observer, image.Index.TotalPages, workingSet: null);
        return served.Complete();
    }

    private static RestoreResult RunHere(RestoreOptions options, IRestoreObserver observer, bool waitForExit, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointImage image = ImageOpener.Open(options.ImagePath, options.SourcePatience, cancellation);
        image.Alter(options.Replacements.Apply);
        HostCheck.Require(image.Checkpoint, options.NewPid);
        var handOver = HandOver.To(options.AgentSocket);
        using JobTerminal? job = JobTerminal.Open(image.Checkpoint, options.ShellJob);
        cancellation.ThrowIfCancellationRequested();
        using TreeConstruction construction = TreeConstruction.Build(image, options);
        IReadOnlyList<LazyMemory> memories = construction.Memories;
        ServedMemory? served = memories.Count == 0
            ? null
            : new(memories, observer, image.Index.TotalPages, new WorkingSetFile(image, options, observer));
        if (served is not null)
        {
            observer.Serving(() => served.Processes);
        }

        TimeSpan? toResident = null;
        if (served is not null && options.Eager && served.Complete())
        {
            toResident = Stopwatch.GetElapsedTime(start);
        }

        cancellation.ThrowIfCancellationRequested();
        job?.Give(construction.GroupInForeground(job.Group));
        construction.Release();
        job?.TellSize(construction.Pids);
        foreach (LazyMemory memory in memories)
        {
            memory.Service.ReleaseBulk();
        }

        int pid = construction.Pid;
        TimeSpan toRunning = Stopwatch.GetElapsedTime(start);
        observer.Running(pid, toRunning);
        if (served is null)
        {
            toResident = toRunning;
        }
        else if (!options.Eager && (handOver is null ? served.Complete() : CompleteElsewhere(handOver, pid, image, observer, ref served)))
        {
            toResident = Stopwatch.GetElapsedTime(start);
        }

        if (toResident is { } resident)
        {
            observer.Resident(resident);
        }

        Thread? selfTest = toResident is null ? null : CostSelfTest.StartIfUnknown();
        int? exitStatus = waitForExit ? job?.Wait(pid) ?? ChildStatus.Wait(pid) : null;
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
            Pages = served?.Statistics,
        };
    }
}
