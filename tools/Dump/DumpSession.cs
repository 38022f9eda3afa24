using System.Diagnostics;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Descriptors;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Snapshots;
using LazyRestore.Tools.Dump.State;
using LazyRestore.Tools.Dump.Support;
using Polly;
using Polly.Retry;

namespace LazyRestore.Tools.Dump;

/// <summary>One dump, on the one thread that traces the process.</summary>
internal sealed class DumpSession(DumpOptions options, IDumpObserver observer, CancellationToken cancellation)
{
    private static readonly ResiliencePipeline WhileBusy = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TraceeBusyException>(),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(20),
            MaxDelay = TimeSpan.FromMilliseconds(300),
            MaxRetryAttempts = 10,
        })
        .Build();

    private readonly Stopwatch _total = Stopwatch.StartNew();

    /// <summary>Does it all; whatever is thrown, the process goes on and no image is left.</summary>
    public DumpResult Run()
    {
        KernelActivity activity = LookAtRunning();
        using Stream? output = options.Output == "-" ? Console.OpenStandardOutput() : null;
        using CheckpointWriter writer = output is null
            ? CheckpointWriter.ToFile(options.Output, options.Caching)
            : CheckpointWriter.ToStream(output);
        cancellation.ThrowIfCancellationRequested();

        if (options.Snapshot)
        {
            PageTableMemory.Warm(new ProcDirectory(options.Pid));
        }

        Stopwatch freeze = new();
        using HeldConnections held = new();
        return options.Snapshot ? RunSnapshot(writer, held, activity, freeze) : RunFrozen(writer, held, activity, freeze);
    }

    private T Freeze<T>(Stopwatch freeze, Func<int, CancellationToken, T> freezeNow) => WhileBusy.Execute(
        token =>
        {
            freeze.Restart();
            return freezeNow(options.Pid, token);
        },
        cancellation);

    private DumpResult RunFrozen(CheckpointWriter writer, HeldConnections held, KernelActivity activity, Stopwatch freeze)
    {
        using FrozenTree frozen = Freeze(freeze, FrozenTree.Freeze);
        observer.Frozen(frozen.ThreadCount);
        Refusals refusals = new();
        List<IReadOnlyList<MemoryArea>> areas = [];
        IReadOnlyList<ProcessState> states = new StateCollector(activity, options.Choices, held, refusals).Collect(
            frozen.Processes,
            frozen.Processes.Select(process => process.Pid).Concat(frozen.Zombies).ToHashSet(),
            process =>
            {
                areas.Add(SmapsText.Parse(process.Text("smaps")));
                return areas[^1];
            });
        SharedTables.Refuse([.. frozen.Processes.Select(process => process.Pid)], refusals);
        ZombieRecord[] zombies = [.. frozen.Zombies.Select(ZombieReader.Read)];
        List<SpaceContent> contents = [];
        try
        {
            for (int place = 0; place < states.Count; place++)
            {
                ProcessRecord process = states[place].Process;
                refusals.Process = place > 0 ? process.Pid : null;
                using PagemapScanner scanner = new(process.Pid);
                List<PageRange> ranges = MemoryCollector.FindPages(scanner, areas[place].ToDictionary(area => area.Start), states[place].Vmas, refusals);
                contents.Add(new(process.Space, new ProcessPages(process.Pid), ranges));
            }

            refusals.ThrowIfAny(options.Pid);
            foreach ((MemoryObjectRecord record, string path) in states[0].Objects)
            {
                ObjectPages source = new(path, record.Size);
                contents.Add(new(record.Id, source, []));
                contents[^1] = new(record.Id, source, source.FindData());
            }

            long pages = Write(writer, states, zombies, contents);
            Finish(writer, frozen, held, states[0].Header, freeze);
            return Result(writer, states, pages, freeze);
        }
        finally
        {
            contents.ForEach(content => content.Dispose());
        }
    }

    private DumpResult RunSnapshot(CheckpointWriter writer, HeldConnections held, KernelActivity activity, Stopwatch freeze)
    {
        using FrozenProcess frozen = Freeze(freeze, FrozenProcess.Freeze);
        using Snapshot snapshot = Snapshot.Take(frozen, activity, options.Choices, held, cancellation);
        held.Dispose();
        frozen.Thaw();
        freeze.Stop();
        observer.Frozen(frozen.Threads.Count);
        observer.Thawed(freeze.Elapsed);
        try
        {
            (ProcessState state, IReadOnlyList<SpaceContent> contents) = snapshot.Complete();
            long pages = Write(writer, [state], [], contents);
            cancellation.ThrowIfCancellationRequested();
            snapshot.End();
            writer.Commit();
            return Result(writer, [state], pages, freeze);
        }
        catch (Exception exception) when (exception is LazyRestoreException or IOException)
        {
            // What fails for want of the copy says so.
            snapshot.ThrowIfCopyIsGone();
            throw;
        }
    }

    private DumpResult Result(CheckpointWriter writer, IReadOnlyList<ProcessState> states, long pages, Stopwatch freeze) => new()
    {
        Pages = pages,
        Bytes = pages * PageRange.PageSize,
        ImageBytes = writer.BytesWritten,
        Freeze = freeze.Elapsed,
        Total = _total.Elapsed,
        Processes = states.Count,
        Threads = states.Sum(state => state.Threads.Count),
        Vmas = states.Sum(state => state.Vmas.Count),
        Descriptors = states.Sum(state => state.Files.Descriptors.Count),
    };

    // What can be found out while the process still runs does not stop it in vain.
    private KernelActivity LookAtRunning()
    {
        ProcDirectory process = new(options.Pid);
        Refusals refusals = new();
        HostCheck.Inspect(process, refusals);
        refusals.ThrowIfAny(options.Pid);
        if (options.Snapshot)
        {
            HostCheck.InspectChildren(process, refusals);
            AreaDetails.Refuse(SmapsText.Parse(process.Text("smaps")), refusals);
        }

        refusals.ThrowIfAny(options.Pid);
        return LookAtTree(process, refusals);
    }

    // A thread cannot be stopped while it waits for its child to execute a program (vfork(2)), which mostly takes no time.
    private KernelActivity LookAtTree(ProcDirectory process, Refusals refusals)
    {
        KernelActivity activity = KernelActivity.Of(LiveTree.Of(process));
        if (activity.Forking.Any())
        {
            activity = WhileForking().Execute(() => KernelActivity.Of(LiveTree.Of(process)));
        }

        foreach (int thread in activity.Forking)
        {
            refusals.Add($"thread {thread}", UnsupportedKind.UnfinishedFork);
        }

        refusals.ThrowIfAny(options.Pid);
        return activity;
    }

    private static ResiliencePipeline<KernelActivity> WhileForking() => new ResiliencePipelineBuilder<KernelActivity>()
        .AddRetry(new RetryStrategyOptions<KernelActivity>
        {
            ShouldHandle = new PredicateBuilder<KernelActivity>().HandleResult(activity => activity.Forking.Any()),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(5),
            MaxDelay = TimeSpan.FromMilliseconds(200),
            MaxRetryAttempts = 12,
        })
        .Build();

    private long Write(
        CheckpointWriter writer, IReadOnlyList<ProcessState> states, IReadOnlyList<ZombieRecord> zombies, IReadOnlyList<SpaceContent> contents)
    {
        CheckpointRecord[] records = [.. states.SelectMany(state => state.Records), .. zombies];
        writer.Write(states[0].Header with { Version = ImageVersion.Of(records) });
        foreach (CheckpointRecord record in records)
        {
            writer.Write(record);
        }

        using PageWriter pages = new(writer, options.Codec, observer, contents.Sum(content => content.Pages));
        foreach (SpaceContent content in contents)
        {
            foreach (ExtentPages extent in ExtentPages.Of(content.Space, content.Ranges))
            {
                pages.Write(content.Source, extent, cancellation);
            }
        }

        pages.Finish();
        return pages.Stored;
    }

    private void Finish(CheckpointWriter writer, FrozenTree frozen, HeldConnections held, HeaderRecord header, Stopwatch freeze)
    {
        cancellation.ThrowIfCancellationRequested();
        if (options.LeaveRunning)
        {
            // All of its state has been read; it need not wait for the disk.
            held.Dispose();
            frozen.Thaw();
            freeze.Stop();
            observer.Thawed(freeze.Elapsed);
            writer.Commit();
            return;
        }

        writer.Commit();
        if (options.LeaveStopped)
        {
            // The signal is taken as soon as the threads go on, before they run any of their own code.
            held.Dispose();
            foreach (FrozenProcess process in frozen.Processes)
            {
                Interop.kill(process.Pid, Interop.SIGSTOP);
            }

            frozen.Thaw();
        }
        else
        {
            held.Leave(header.ImageId);
            frozen.Kill();
        }

        freeze.Stop();
    }
}
