using System.Diagnostics;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
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
        using CheckpointWriter writer = output is null ? CheckpointWriter.ToFile(options.Output) : CheckpointWriter.ToStream(output);
        cancellation.ThrowIfCancellationRequested();

        Stopwatch freeze = Stopwatch.StartNew();
        using FrozenProcess frozen = WhileBusy.Execute(token => FrozenProcess.Freeze(options.Pid, token), cancellation);
        observer.Frozen(frozen.Threads.Count);
        ProcessState state = ProcessState.Collect(frozen, activity, options.InheritStdio);
        foreach (CheckpointRecord record in state.Records)
        {
            writer.Write(record);
        }

        long pages = WritePages(writer, state);
        Finish(writer, frozen, freeze);
        return new DumpResult
        {
            Pages = pages,
            Bytes = pages * PageRange.PageSize,
            ImageBytes = writer.BytesWritten,
            Freeze = freeze.Elapsed,
            Total = _total.Elapsed,
            Threads = state.Threads,
            Vmas = state.Vmas,
            Descriptors = state.Descriptors,
        };
    }

    // What can be found out while the process still runs does not stop it in vain.
    private KernelActivity LookAtRunning()
    {
        ProcDirectory process = new(options.Pid);
        Refusals refusals = new();
        HostCheck.Inspect(process, refusals);
        refusals.ThrowIfAny(options.Pid);
        return KernelActivity.Of(process);
    }

    private long WritePages(CheckpointWriter writer, ProcessState state)
    {
        List<(int Space, PageSource Source, IReadOnlyList<PageRange> Ranges)> sources =
            [(ExtentAddress.Process, new ProcessPages(options.Pid), state.Pages)];
        try
        {
            foreach ((MemoryObjectRecord record, string path) in state.Objects)
            {
                ObjectPages source = new(path, record.Size);
                sources.Add((record.Id, source, source.FindData()));
            }

            using PageWriter pages = new(
                writer, options.Codec, observer, sources.Sum(source => source.Ranges.Sum(range => range.Pages)));
            foreach ((int space, PageSource source, IReadOnlyList<PageRange> ranges) in sources)
            {
                foreach (ExtentPages extent in ExtentPages.Of(space, ranges))
                {
                    pages.Write(source, extent, cancellation);
                }
            }

            pages.Finish();
            return pages.Stored;
        }
        finally
        {
            sources.ForEach(source => source.Source.Dispose());
        }
    }

    private void Finish(CheckpointWriter writer, FrozenProcess frozen, Stopwatch freeze)
    {
        cancellation.ThrowIfCancellationRequested();
        if (options.LeaveRunning)
        {
            // All of its state has been read; it need not wait for the disk.
            frozen.Thaw();
            freeze.Stop();
            writer.Commit();
            return;
        }

        writer.Commit();
        if (options.LeaveStopped)
        {
            // The signal is taken as soon as the threads go on, before they run any of their own code.
            Interop.kill(options.Pid, Interop.SIGSTOP);
            frozen.Thaw();
        }
        else
        {
            frozen.Kill();
        }

        freeze.Stop();
    }
}
