using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Descriptors;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.State;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Snapshots;

/// <summary>
/// The state of a process at one moment, held fast while the process goes on: what it told while it was frozen, a copy of it that
/// holds its private memory, and the pages that such a copy lacks.
/// </summary>
internal sealed class Snapshot : IDisposable
{
    private readonly ProcessState _state;
    private readonly FrozenCopy _copy;

    /// <summary>The areas of the process by their first address, with their flags only when <see cref="_told"/>.</summary>
    private readonly IReadOnlyDictionary<ulong, MemoryArea> _areas;
    private readonly bool _told;
    private readonly KeptPages _leftBehind;
    private readonly IReadOnlyList<PageRange> _leftBehindRanges;
    private readonly IReadOnlyList<SpaceContent> _objects;
    private bool _ended;

    private Snapshot(
        ProcessState state, FrozenCopy copy, IReadOnlyDictionary<ulong, MemoryArea> areas, bool told,
        (KeptPages Pages, IReadOnlyList<PageRange> Ranges) leftBehind, IReadOnlyList<SpaceContent> objects)
    {
        (_state, _copy, _areas, _told, _objects) = (state, copy, areas, told, objects);
        (_leftBehind, _leftBehindRanges) = leftBehind;
    }

    /// <summary>Takes it of a frozen process, which can go on then.</summary>
    /// <exception cref="LazyRestoreException">Some of the process cannot be saved, or it cannot be copied.</exception>
    public static Snapshot Take(FrozenProcess frozen, KernelActivity activity, DumpChoices choices, HeldConnections held, CancellationToken cancellation)
    {
        ProcDirectory process = new(frozen.Pid);
        Refusals refusals = new();

        // A copy's memory is not locked, so it does not tell what is.
        bool told = HasLockedMemory(process);
        IReadOnlyDictionary<ulong, MemoryArea> areas = new Dictionary<ulong, MemoryArea>();
        HostCheck.InspectChildren(process, refusals);
        if (frozen.Leader.StopSignal != 0)
        {
            refusals.Add($"process {frozen.Pid}", UnsupportedKind.SnapshotOfStopped);
        }

        refusals.ThrowIfAny(frozen.Pid);
        ProcessState state = new StateCollector(activity, choices, held, refusals).Collect(
            frozen, _ => [.. (areas = Read(process, withFlags: told)).Values]);
        refusals.ThrowIfAny(frozen.Pid);
        RefuseReaper(state.Process);

        KeptMemoryBudget budget = new(frozen.Pid);
        List<SpaceContent> objects = [];
        FrozenCopy? copy = null;
        try
        {
            KeepObjects(state, objects, budget, cancellation);
            copy = FrozenCopy.Create(frozen);
            LeftBehind behind = LeftBehind.Find(process, new ProcDirectory(copy.Pid), areas, state.Vmas, refusals);
            refusals.ThrowIfAny(frozen.Pid);
            if (behind.WholeAreas && !told)
            {
                (areas, told) = (Read(process, withFlags: true), true);
            }

            budget.Take(behind.Ranges);
            using ProcessPages pages = new(frozen.Pid);
            return new Snapshot(
                state, copy, areas, told, (KeptPages.Read(pages, behind.Ranges, cancellation), behind.Ranges), objects);
        }
        catch
        {
            copy?.Dispose();
            objects.ForEach(content => content.Dispose());
            throw;
        }
    }

    /// <summary>Reads, after the process has gone on, what could wait until then.</summary>
    /// <returns>The state, and all pages; whoever asked for them disposes them.</returns>
    /// <exception cref="LazyRestoreException">Some of it cannot be saved, or the copy was killed.</exception>
    public (ProcessState State, IReadOnlyList<SpaceContent> Contents) Complete()
    {
        Refusals refusals = new();
        IReadOnlyDictionary<ulong, MemoryArea> ofCopy = Read(new ProcDirectory(_copy.Pid), withFlags: true);
        IReadOnlyDictionary<ulong, MemoryArea> areas = _told ? _areas : ofCopy;
        AreaDetails.Refuse(areas.Values, refusals);
        LetGoOfSharedMemory(ofCopy.Values);

        using PagemapScanner scanner = new(_copy.Pid);
        List<PageRange> ranges = MemoryCollector.FindPages(
            scanner, areas, [.. _state.Vmas.Where(vma => ofCopy.ContainsKey(vma.Start))], refusals);
        refusals.ThrowIfAny(_state.Process.Pid);
        ranges.AddRange(_leftBehindRanges.Where(range => !IsDroppable(range, areas)));
        ranges.Sort((left, right) => left.Start.CompareTo(right.Start));
        _copy.ThrowIfGone();
        SpaceContent memory = new(ExtentAddress.Process, new SnapshotPages(new ProcessPages(_copy.Pid, sharesPages: true), _leftBehind), ranges);
        return (AreaDetails.Add(_state, areas), [memory, .. _objects]);
    }

    /// <summary>Ends the copy, once all has been read of it.</summary>
    /// <exception cref="LazyRestoreException">It was killed before.</exception>
    public void End()
    {
        _copy.ThrowIfGone();
        _ended = true;
        _copy.Dispose();
    }

    /// <summary>Says so when the copy was killed, before it was ended here: then nothing that was read of it counts.</summary>
    public void ThrowIfCopyIsGone()
    {
        if (!_ended)
        {
            _copy.ThrowIfGone();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _copy.Dispose();
        _leftBehind.Dispose();
        foreach (SpaceContent content in _objects)
        {
            content.Dispose();
        }
    }

    // It changes while the process and those it shares it with go on.
    private static void KeepObjects(ProcessState state, List<SpaceContent> objects, KeptMemoryBudget budget, CancellationToken cancellation)
    {
        foreach ((MemoryObjectRecord record, string path) in state.Objects)
        {
            using ObjectPages source = new(path, record.Size);
            List<PageRange> ranges = source.FindData();
            budget.Take(ranges);
            objects.Add(new SpaceContent(record.Id, KeptPages.Read(source, ranges, cancellation), ranges));
        }
    }

    // An orphan, as the copy is, goes to the nearest process that adopts orphans.
    private static void RefuseReaper(ProcessRecord process)
    {
        if (process.ChildSubreaper || process.Pid == 1)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"process {process.Pid} adopts orphans ({(process.Pid == 1 ? "it is init" : "PR_SET_CHILD_SUBREAPER")}), so it would see its copy end",
                "Dump without --snapshot; with -R the process goes on afterwards.");
        }
    }

    // A memfd that nobody maps can be sealed, and a deleted file that nobody maps gives its space back: not only once the copy is gone.
    private void LetGoOfSharedMemory(IEnumerable<MemoryArea> areas)
    {
        foreach (MemoryArea area in areas.Where(area => area.Shared))
        {
            _copy.Unmap(area.Start, area.End - area.Start);
        }
    }

    private bool IsDroppable(PageRange range, IReadOnlyDictionary<ulong, MemoryArea> areas)
    {
        VmaRecord vma = _state.Vmas.First(vma => vma.Start <= range.Start && range.Start < vma.End);
        return areas[vma.Start].Has("dp");
    }

    private static bool HasLockedMemory(ProcDirectory process) => KeyedText.Parse(process.Text("status")).Find("VmLck") is not "0 kB";

    private static Dictionary<ulong, MemoryArea> Read(ProcDirectory process, bool withFlags) =>
        SmapsText.Parse(process.Text(withFlags ? "smaps" : "maps")).ToDictionary(area => area.Start);
}
