using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Descriptors;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.State;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump;

/// <summary>Everything that goes into an image but the content of pages: read while the process is frozen, before anything is written.</summary>
internal sealed class ProcessState
{
    /// <summary>The records in the order in which they are written.</summary>
    public required IReadOnlyList<CheckpointRecord> Records { get; init; }

    /// <summary>Pages of the address space that hold data.</summary>
    public required IReadOnlyList<PageRange> Pages { get; init; }

    /// <summary>The memory objects, each with a path that opens it.</summary>
    public required IReadOnlyList<(MemoryObjectRecord Record, string Path)> Objects { get; init; }

    /// <summary>How many threads.</summary>
    public required int Threads { get; init; }

    /// <summary>How many VMAs.</summary>
    public required int Vmas { get; init; }

    /// <summary>How many descriptors.</summary>
    public required int Descriptors { get; init; }

    /// <summary>Reads the state.</summary>
    /// <exception cref="LazyRestoreException">Some of it cannot be saved.</exception>
    public static ProcessState Collect(FrozenProcess frozen, KernelActivity activity, bool inheritStdio)
    {
        ProcDirectory process = new(frozen.Pid);
        Refusals refusals = new();
        HostCheck.InspectChildren(process, refusals);
        if (frozen.Threads.Any(thread => thread.WasStopped))
        {
            refusals.Add($"process {frozen.Pid}", UnsupportedKind.StoppedProcess);
            refusals.ThrowIfAny(frozen.Pid);
        }

        (IReadOnlyList<ThreadRecord> threads, ProcessRecord whole, MemoryLayoutRecord layout) = Ask(frozen, process, activity, refusals);

        // The runner is gone by now, so that its memory is not taken for the process's own.
        IReadOnlyList<MemoryArea> areas = SmapsText.Parse(process.Text("smaps"));
        MappedFileTable mapped = new();
        MemoryObjectTable objects = new(refusals);
        IReadOnlyList<VmaRecord> vmas = new AreaCollector(process, mapped, objects, refusals).Collect(areas);
        using DescriptorTable table = DescriptorTable.Open(process);
        (IReadOnlyList<OpenFileRecord> files, IReadOnlyList<DescriptorRecord> descriptors) =
            new DescriptorCollector(process, table, objects, inheritStdio, refusals).Collect();
        using PagemapScanner scanner = new(frozen.Pid);
        IReadOnlyList<PageRange> pages =
            MemoryCollector.FindPages(scanner, areas.ToDictionary(area => area.Start), vmas, refusals);
        refusals.ThrowIfAny(frozen.Pid);
        return new ProcessState
        {
            Records =
            [
                HeaderBuilder.Build(frozen.Pid, threads[0].ExtendedState.Span, areas), whole, layout, .. threads, .. vmas,
                .. mapped.Files, .. objects.Objects.Select(one => one.Record), .. files, .. descriptors,
            ],
            Pages = pages,
            Objects = objects.Objects,
            Threads = threads.Count,
            Vmas = vmas.Count,
            Descriptors = descriptors.Count,
        };
    }

    private static (IReadOnlyList<ThreadRecord> Threads, ProcessRecord Process, MemoryLayoutRecord Layout) Ask(
        FrozenProcess frozen, ProcDirectory process, KernelActivity activity, Refusals refusals)
    {
        using RemoteRunner runner = RemoteRunner.Install(frozen);
        IReadOnlyList<ThreadRecord> threads = new ThreadCollector(process, runner, activity, refusals).Collect(frozen);
        (ProcessRecord whole, MemoryLayoutRecord layout) = new ProcessCollector(process, runner, refusals).Collect(frozen);
        return (threads, whole, layout);
    }
}
