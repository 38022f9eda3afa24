using LazyRestore.Agent;
using LazyRestore.Agent.Costs;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Moving;
using LazyRestore.Agent.Shared;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>The lazy memory of a restored process: the services that fill it and the holder that outlives us.</summary>
internal sealed class LazyMemory
{
    private static readonly Lazy<HostHugePages> s_hostHugePages = new(HostHugePagesFile.Read);
    private readonly PageErrorPolicy _onPageError;
    private readonly SharedMemoryService? _shared;
    private readonly Holder _holder;
    private readonly Mover? _mover;
    private readonly PidDescriptor _process;
    private readonly (ulong Start, ulong Length) _sanctuary;
    private readonly IReadOnlyList<(ulong Start, ulong Length)> _locked;

    private LazyMemory(
        PageService service, SharedMemoryService? shared, Holder holder, Mover? mover, PidDescriptor process, (ulong Start, ulong Length) sanctuary,
        IReadOnlyList<(ulong Start, ulong Length)> locked, PageErrorPolicy onPageError)
    {
        _onPageError = onPageError;
        Service = service;
        _shared = shared;
        Completion = CompleteAsync(service, shared);
        _holder = holder;
        _mover = mover;
        _process = process;
        _sanctuary = sanctuary;
        _locked = locked;
    }

    /// <summary>What serves the pages of private memory.</summary>
    internal PageService Service { get; }

    /// <summary>Ends when there is nothing left to do, or nothing that can be done.</summary>
    internal Task<PageServiceResult> Completion { get; }

    /// <summary>What was done so far.</summary>
    internal PageStatistics Statistics
    {
        get
        {
            PageStatistics pages = Service.Statistics;
            return _shared is null ? pages : pages with
            {
                PagesRemaining = pages.PagesRemaining + _shared.Remaining,
                Sources = [.. pages.Sources, _shared.Traffic],
            };
        }
    }

    /// <summary>The VMAs that are served on demand: private anonymous memory of which the image holds pages.</summary>
    internal static VmaRecord[] Select(CheckpointImage image, Checkpoint checkpoint)
    {
        ArraySegment<ExtentEntry> extents = image.Index.InSpace(checkpoint.Process.Space);
        return [.. checkpoint.Vmas.Where(vma => vma.Kind == VmaKind.Anonymous && HoldsPages(extents, vma))];
    }

    /// <summary>Chooses whether there is to be a mover, and for which memory.</summary>
    internal static MoverChoice ChooseMover(CheckpointImage image, ProcessRecord process, RestoreOptions options, VmaRecord[] lazy)
    {
        MoverChoice choice = MoverChoice.Make(
            process, lazy, image.Index.InSpace(process.Space), options, s_hostHugePages.Value, FindCosts);
        return choice.IsWanted && UserFault.Probe().HasFlag(UserFaultFeatures.Move) ? choice : MoverChoice.None;
    }

    /// <summary>The process.</summary>
    internal PidDescriptor Process => _process;

    /// <summary>Starts service, holder and mover for a process whose leader is stopped.</summary>
    internal static LazyMemory Start(
        CheckpointImage image, Checkpoint checkpoint, RestoreOptions options, Tracee leader, RemoteRunner runner, Sanctuary sanctuary, SafeFileHandle fault,
        VmaRecord[] lazy, MoverChoice moverChoice, SharedMemorySeed? shared, long group, SharedProcessor processor)
    {
        // What is recorded is what the first process touches.
        int space = checkpoint.Process.Space;
        bool isFirst = space == ExtentAddress.Process;
        var serviceOptions = new PageServiceOptions
        {
            Hydration = options.Eager ? HydrationOrder.Linear : options.Hydration,
            OnPageError = options.OnPageError,
            SourcePatience = options.SourcePatience,
            IsAwaited = options.Eager,
            WorkingSet = isFirst ? WorkingSetFile.Find(image, options) : null,
            RecordWorkingSet = isFirst && options.RecordWorkingSet,
            HoldBulk = !options.Eager,
            HoldAll = image.Checkpoint.Descendants.Count > 0,
            FindCosts = FindCosts,
            MovesHugePages = moverChoice.InHugePages,
            MoveAtAnyPace = options.Placement == PlacementPolicy.Move,
        };
        PageState state = PageState.Create(
            options.ImagePath,
            image,
            leader.Tid,
            [.. lazy.Select(vma => new LazyRegion(vma.Start, vma.End)
            {
                WipeOnFork = vma.Flags.HasFlag(VmaFlags.WipeOnFork),
                Movable = moverChoice.Movable.Contains(vma),
            })],
            serviceOptions,
            space,
            group);
        state.TryLock();
        Holder holder = Holder.Start(leader, runner, state, shared, options.OnPageError == PageErrorPolicy.Kill, isFirst);
        processor.Free(holder.Pid);
        MoverRing? ring = null;
        Mover? mover = null;
        if (moverChoice.IsWanted)
        {
            ring = MoverRing.Create(new MoverPlaces(sanctuary.MoverShared, sanctuary.MoverStage));
            mover = Mover.Start(leader, runner, sanctuary, fault, ring, moverChoice.InHugePages, isFirst);
            processor.Free(mover.Pid);
        }

        var service = new PageService(image, fault, state, serviceOptions, ring);
        processor.Leave();
        service.Start();
        SharedMemoryService? sharedService = StartShared(image, shared, state, serviceOptions);
        processor.Enter();
        return new LazyMemory(
            service,
            sharedService,
            holder,
            mover,
            PidDescriptor.Open(leader.Tid),
            RangeOf(sanctuary, mover is not null),
            LockedRanges(checkpoint),
            options.OnPageError);
    }

    /// <summary>Takes over from an agent that died.</summary>
    /// <param name="image">The image that the process was restored from.</param>
    /// <param name="holder">Its holder.</param>
    /// <param name="fault">The userfaultfd, taken from the holder.</param>
    /// <param name="state">The page state, taken from the holder.</param>
    /// <param name="shared">Lazy shared memory, taken from the holder.</param>
    /// <param name="options">How to work.</param>
    internal static LazyMemory Resume(
        CheckpointImage image, Holder holder, SafeFileHandle fault, PageState state, SharedMemorySeed? shared, PageServiceOptions options)
    {
        int pid = state.Pid;
        PageService service = PageService.Resume(image, fault, state, options with { FindCosts = FindCosts });

        // Before anything is read: what the former agent told its mover to do must not be done after that.
        Mover.EndOrphan(pid);
        service.Start();
        Checkpoint checkpoint = image.Checkpoint.Processes.First(one => one.Process.Space == state.Space);
        Sanctuary sanctuary = ProcessConstruction.ChooseSanctuary(checkpoint);
        return new LazyMemory(
            service,
            StartShared(image, shared, state, options),
            holder,
            mover: null,
            PidDescriptor.Open(pid),
            RangeOf(sanctuary, HadMover(pid)),
            LockedRanges(checkpoint),
            options.OnPageError);
    }

    private static SharedMemoryService? StartShared(CheckpointImage image, SharedMemorySeed? seed, PageState state, PageServiceOptions options)
    {
        if (seed is null)
        {
            return null;
        }

        SharedMemoryService shared = new(image, seed.Fault, state, seed.Objects, options);
        shared.Start();
        return shared;
    }

    // Shared memory that nobody asks for comes after all private memory.
    private static async Task<PageServiceResult> CompleteAsync(PageService service, SharedMemoryService? shared)
    {
        if (shared is null)
        {
            return await service.Completion.ConfigureAwait(false);
        }

        Task<PageServiceResult> first = await Task.WhenAny(service.Completion, shared.Completion).ConfigureAwait(false);
        PageServiceResult result = await first.ConfigureAwait(false);
        if (result.End != PageServiceEnd.Resident)
        {
            return result;
        }

        shared.ReleaseBulk();
        return await (first == service.Completion ? shared.Completion : service.Completion).ConfigureAwait(false);
    }

    // What lies behind the programs is ours only when there is or was a mover.
    private static (ulong Start, ulong Length) RangeOf(Sanctuary sanctuary, bool hasMover) =>
        (sanctuary.Start, (hasMover ? sanctuary.End : sanctuary.ProgramsEnd) - sanctuary.Start);

    private static bool HadMover(int pid) =>
        File.ReadLines($"/proc/{pid}/maps").Any(line => line.Contains("/memfd:" + MoverRing.MemoryName, StringComparison.Ordinal));

    /// <summary>Whether the process has executed another program, so that its old memory is of no use to anyone.</summary>
    internal bool IsOrphaned()
    {
        long order = Interop.syscall(Interop.KcmpCall, _process.Pid, _holder.Pid, Interop.KCMP_VM);
        return order > 0;
    }

    /// <summary>All memory is there: takes everything of ours out of the process.</summary>
    internal void Leave()
    {
        _mover?.Dispose();

        // The holder has to be the last that has the userfaultfd of private memory. Should we be killed here, another agent finds the holder and does the
        // rest; were we the last, what keeps our descriptors when we are killed would have it for ever, and the process would wait for nobody.
        // Shared memory is served until the holder has left, since that locks what was locked.
        Service.Dispose();
        _holder.Leave(IsOrphaned() ? null : SyscallInstructionSearch.TryFind(_holder.Pid, _sanctuary.Start), _sanctuary, _locked);
        Close();
    }

    /// <summary>A page cannot be had: the process ends, or waits for it, as was asked.</summary>
    internal void Fail()
    {
        if (_onPageError == PageErrorPolicy.Kill)
        {
            const int SigKill = 9;
            Interop.syscall((long)SystemCall.kill, _process.Pid, SigKill);
            Abandon();
        }
        else
        {
            Detach();
        }
    }

    /// <summary>Whoever touches a missing page waits until another agent takes the process up.</summary>
    internal void Detach()
    {
        Service.Stop();
        _shared?.Stop();
        _mover?.Dispose();
        Close();
    }

    /// <summary>Brings all of it, whatever was told before.</summary>
    internal void BringAll()
    {
        _shared?.BringAll();
        Service.BringAll();
    }

    /// <summary>The process is gone, or will be: ends the service and the holder.</summary>
    internal void Abandon()
    {
        Service.Stop();
        _shared?.Stop();
        _mover?.Dispose();
        _holder.Kill();
        Close();
    }

    private static PlacementCosts? FindCosts() => CostCache.OfThisBoot()?.TryLoad();

    private static bool HoldsPages(ArraySegment<ExtentEntry> extents, VmaRecord vma)
    {
        int low = 0;
        int high = extents.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (extents[middle].Address.Address + ImageLayout.ExtentSpan <= vma.Start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < extents.Count && extents[low].Address.Address < vma.End;
    }

    private static bool IsLocked(VmaRecord vma) =>
        (vma.Flags & (VmaFlags.Locked | VmaFlags.LockOnFault)) == VmaFlags.Locked && vma.Protection != VmaProtection.None;

    private static (ulong Start, ulong Length)[] LockedRanges(Checkpoint checkpoint) =>
        [.. checkpoint.Vmas.Where(IsLocked).Select(vma => (vma.Start, vma.Length))];

    private void Close()
    {
        Service.Dispose();
        _shared?.Dispose();
        _process.Dispose();
    }
}
