using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Descriptors;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.State;
using LazyRestore.Tools.Dump.Support;
using LazyRestore.Tools.Dump.SystemV;

namespace LazyRestore.Tools.Dump;

/// <summary>Reads the state of frozen processes, the first of which the dump is of, and its descendants.</summary>
/// <param name="activity">What their threads did before.</param>
/// <param name="choices">What the user wants of state that leads outside.</param>
/// <param name="held">Where connections are held that are saved.</param>
/// <param name="refusals">What cannot be saved is added here.</param>
internal sealed class StateCollector(KernelActivity activity, DumpChoices choices, HeldConnections held, Refusals refusals)
{
    private readonly MappedFileTable _mapped = new();
    private readonly MemoryObjectTable _objects = new(refusals);

    /// <summary>Reads the state of a process alone.</summary>
    /// <param name="frozen">The process.</param>
    /// <param name="readAreas">Reads its memory areas, once nothing of ours is among them.</param>
    public ProcessState Collect(FrozenProcess frozen, Func<ProcDirectory, IReadOnlyList<MemoryArea>> readAreas) =>
        Collect([frozen], new HashSet<int> { frozen.Pid }, readAreas)[0];

    /// <summary>Reads the state of processes.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="tree">The process IDs of these and of the children that have ended.</param>
    /// <param name="readAreas">Reads the memory areas of one, once nothing of ours is among them.</param>
    public IReadOnlyList<ProcessState> Collect(
        IReadOnlyList<FrozenProcess> processes, IReadOnlySet<int> tree, Func<ProcDirectory, IReadOnlyList<MemoryArea>> readAreas)
    {
        ProcDirectory[] directories = [.. processes.Select(frozen => new ProcDirectory(frozen.Pid))];
        ProcessState[] states = [.. processes.Select((frozen, place) => CollectProcess(frozen, directories[place], place > 0, readAreas))];
        using DescriptorTable table = DescriptorTable.Open(directories);
        DescriptorCollector files = new(directories[0], tree, table, _objects, choices, held, refusals);
        for (int place = 0; place < states.Length; place++)
        {
            refusals.Process = place > 0 ? processes[place].Pid : null;
            states[place] = states[place] with { Files = files.Collect(directories[place]) };
        }

        refusals.Process = null;
        for (int place = 1; place < states.Length; place++)
        {
            // Behind the spaces of the memory objects.
            states[place] = states[place] with { Process = states[place].Process with { Space = _objects.Objects.Count + place } };
        }

        SystemVCollector systemV = new(directories.Select(process => process.Pid).ToHashSet(), choices.LookOnly, refusals);
        CheckpointRecord[] objects =
            [.. systemV.Segments(_objects.Segments([.. states.Select(state => state.Vmas)])), .. systemV.Semaphores(), .. systemV.Queues()];
        states[0] = states[0] with { SystemV = objects };
        states[0] = states[0] with { MappedFiles = _mapped.Files, Objects = _objects.Objects };
        return states;
    }

    private ProcessState CollectProcess(
        FrozenProcess frozen, ProcDirectory process, bool isDescendant, Func<ProcDirectory, IReadOnlyList<MemoryArea>> readAreas)
    {
        if (isDescendant)
        {
            refusals.Process = frozen.Pid;
            HostCheck.InspectNamespaces(process, refusals);
        }

        (IReadOnlyList<ThreadRecord> threads, ProcessRecord whole, MemoryLayoutRecord layout) = Ask(frozen, process);

        // The runner is gone by now, so that its memory is not taken for the process's own.
        IReadOnlyList<MemoryArea> areas = readAreas(process);
        return new ProcessState
        {
            Header = HeaderBuilder.Build(frozen.Pid, threads[0].ExtendedState.Span, areas),
            Process = whole,
            Layout = layout,
            Threads = threads,
            Vmas = new AreaCollector(process, _mapped, _objects, refusals).Collect(areas),
            MappedFiles = [],
            Objects = [],
            Files = new OpenFiles([], [], [], []),
        };
    }

    private (IReadOnlyList<ThreadRecord> Threads, ProcessRecord Process, MemoryLayoutRecord Layout) Ask(FrozenProcess frozen, ProcDirectory process)
    {
        activity.Confirm(frozen);
        using RemoteRunner runner = RemoteRunner.Install(frozen);
        IReadOnlyList<ThreadRecord> threads = new ThreadCollector(process, runner, activity, refusals).Collect(frozen);
        (ProcessRecord whole, MemoryLayoutRecord layout) = new ProcessCollector(process, runner, refusals).Collect(frozen);
        return (threads, whole, layout);
    }
}
