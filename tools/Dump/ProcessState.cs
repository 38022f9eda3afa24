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
internal sealed record ProcessState
{
    /// <summary>The header.</summary>
    public required HeaderRecord Header { get; init; }

    /// <summary>What belongs to the process as a whole.</summary>
    public required ProcessRecord Process { get; init; }

    /// <summary>Where its code, arguments and so on lie.</summary>
    public required MemoryLayoutRecord Layout { get; init; }

    /// <summary>The threads, the leader first.</summary>
    public required IReadOnlyList<ThreadRecord> Threads { get; init; }

    /// <summary>The VMAs, by address.</summary>
    public required IReadOnlyList<VmaRecord> Vmas { get; init; }

    /// <summary>The files that VMAs map.</summary>
    public required IReadOnlyList<MappedFileRecord> MappedFiles { get; init; }

    /// <summary>The memory objects, each with a path that opens it.</summary>
    public required IReadOnlyList<(MemoryObjectRecord Record, string Path)> Objects { get; init; }

    /// <summary>The open files.</summary>
    public required OpenFiles Files { get; init; }

    /// <summary>The records in the order in which they are written.</summary>
    public IReadOnlyList<CheckpointRecord> Records =>
    [
        Header, Process, Layout, .. Threads, .. Vmas, .. MappedFiles, .. Objects.Select(one => one.Record), .. Files.Records,
    ];

    /// <summary>Reads the state.</summary>
    /// <param name="frozen">The process.</param>
    /// <param name="activity">What its threads did before.</param>
    /// <param name="choices">What the user wants of state that leads outside.</param>
    /// <param name="held">Where connections are held that are saved.</param>
    /// <param name="readAreas">Reads its memory areas, once nothing of ours is among them.</param>
    /// <param name="refusals">What cannot be saved is added here.</param>
    public static ProcessState Collect(
        FrozenProcess frozen, KernelActivity activity, DumpChoices choices, HeldConnections held, Func<IReadOnlyList<MemoryArea>> readAreas, Refusals refusals)
    {
        ProcDirectory process = new(frozen.Pid);
        HostCheck.InspectChildren(process, refusals);
        if (frozen.Threads.Any(thread => thread.WasStopped))
        {
            refusals.Add($"process {frozen.Pid}", UnsupportedKind.StoppedProcess);
            refusals.ThrowIfAny(frozen.Pid);
        }

        (IReadOnlyList<ThreadRecord> threads, ProcessRecord whole, MemoryLayoutRecord layout) = Ask(frozen, process, activity, refusals);

        // The runner is gone by now, so that its memory is not taken for the process's own.
        IReadOnlyList<MemoryArea> areas = readAreas();
        MappedFileTable mapped = new();
        MemoryObjectTable objects = new(refusals);
        IReadOnlyList<VmaRecord> vmas = new AreaCollector(process, mapped, objects, refusals).Collect(areas);
        using DescriptorTable table = DescriptorTable.Open(process);
        OpenFiles files = new DescriptorCollector(process, table, objects, choices, held, refusals).Collect();
        return new ProcessState
        {
            Header = HeaderBuilder.Build(frozen.Pid, threads[0].ExtendedState.Span, areas),
            Process = whole,
            Layout = layout,
            Threads = threads,
            Vmas = vmas,
            MappedFiles = mapped.Files,
            Objects = objects.Objects,
            Files = files,
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
