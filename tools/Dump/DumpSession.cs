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
        using FrozenProcess frozen = WhileBusy.Execute(
            token =>
            {
                freeze.Restart();
                return FrozenProcess.Freeze(options.Pid, token);
            },
            cancellation);
        using HeldConnections held = new();
        return options.Snapshot ? RunSnapshot(writer, frozen, held, activity, freeze) : RunFrozen(writer, frozen, held, activity, freeze);
    }

    private DumpResult RunFrozen(CheckpointWriter writer, FrozenProcess frozen, HeldConnections held, KernelActivity activity, Stopwatch freeze)
    {
        observer.Frozen(frozen.Threads.Count);
        Refusals refusals = new();
        IReadOnlyList<MemoryArea> areas = [];
        ProcessState state = ProcessState.Collect(
            frozen, activity, options.Choices, held, () => areas = SmapsText.Parse(new ProcDirectory(options.Pid).Text("smaps")), refusals);
        using PagemapScanner scanner = new(options.Pid);
        List<PageRange> ranges = MemoryCollector.FindPages(scanner, areas.ToDictionary(area => area.Start), state.Vmas, refusals);
        refusals.ThrowIfAny(options.Pid);
        List<SpaceContent> contents = [new(ExtentAddress.Process, new ProcessPages(options.Pid), ranges)];
        try
        {
            foreach ((MemoryObjectRecord record, string path) in state.Objects)
            {
                ObjectPages source = new(path, record.Size);
                contents.Add(new(record.Id, source, []));
                contents[^1] = new(record.Id, source, source.FindData());
            }

            long pages = Write(writer, state, contents);
            Finish(writer, frozen, held, state.Header, freeze);
            return Result(writer, state, pages, freeze);
        }
        finally
        {
            contents.ForEach(content => content.Dispose());
        }
    }

    private DumpResult RunSnapshot(CheckpointWriter writer, FrozenProcess frozen, HeldConnections held, KernelActivity activity, Stopwatch freeze)
    {
        using Snapshot snapshot = Snapshot.Take(frozen, activity, options.Choices, held, cancellation);
        held.Dispose();
        frozen.Thaw();
        freeze.Stop();
        observer.Frozen(frozen.Threads.Count);
        observer.Thawed(freeze.Elapsed);
        try
        {
            (ProcessState state, IReadOnlyList<SpaceContent> contents) = snapshot.Complete();
            long pages = Write(writer, state, contents);
            cancellation.ThrowIfCancellationRequested();
            snapshot.End();
            writer.Commit();
            return Result(writer, state, pages, freeze);
        }
        catch (Exception exception) when (exception is LazyRestoreException or IOException)
        {
            // What fails for want of the copy says so.
            snapshot.ThrowIfCopyIsGone();
            throw;
        }
    }

    private DumpResult Result(CheckpointWriter writer, ProcessState state, long pages, Stopwatch freeze) => new()
    {
        Pages = pages,
        Bytes = pages * PageRange.PageSize,
        ImageBytes = writer.BytesWritten,
        Freeze = freeze.Elapsed,
        Total = _total.Elapsed,
        Threads = state.Threads.Count,
        Vmas = state.Vmas.Count,
        Descriptors = state.Files.Descriptors.Count,
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
            AreaDetails.Refuse(SmapsText.Parse(process.Text("smaps")), refusals);
        }

        refusals.ThrowIfAny(options.Pid);
        return KernelActivity.Of(process);
    }

    private long Write(CheckpointWriter writer, ProcessState state, IReadOnlyList<SpaceContent> contents)
    {
        foreach (CheckpointRecord record in state.Records)
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

    private void Finish(CheckpointWriter writer, FrozenProcess frozen, HeldConnections held, HeaderRecord header, Stopwatch freeze)
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
            Interop.kill(options.Pid, Interop.SIGSTOP);
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
