using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using static LazyRestore.Restore.Programs.MemoryConstants;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans the address space: everything out, the vDSO and the VMAs in, the kernel's addresses set, lazy memory registered.
/// The work is in the number of VMAs, never of pages.
/// </summary>
internal sealed class AddressSpacePlan
{
    private const ulong TaskSize = 0x7fff_ffff_f000;
    private const int ExecutableDescriptor = 900;
    private const int ArchMapVdso64 = 0x2003;
    private const int AtFdCwd = -100;
    private const int OpenReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private const int PrSetMm = 35;
    private const int PrSetMmMap = 14;
    private const int PrSetVma = 0x53564d41;
    private const int MlockOnFault = 1;
    private readonly Checkpoint _checkpoint;
    private readonly IReadOnlyDictionary<int, string> _objectPaths;
    private readonly Dictionary<(bool IsObject, int Id), CallResultRef> _opened = [];

    private AddressSpacePlan(Checkpoint checkpoint, IReadOnlyDictionary<int, string> objectPaths)
    {
        _checkpoint = checkpoint;
        _objectPaths = objectPaths;
    }

    private SystemCallProgram Program { get; } = new();

    /// <summary>Empties the address space but for the sanctuary.</summary>
    internal static SystemCallProgram Vacate(Sanctuary sanctuary)
    {
        var program = new SystemCallProgram();
        program.About("everything below the restorer").Call(SystemCall.munmap, 0, sanctuary.Start);
        program.About("everything above the restorer").Call(SystemCall.munmap, sanctuary.ProgramsEnd, TaskSize - sanctuary.ProgramsEnd);
        return program;
    }

    /// <summary>Plans the address space of a checkpoint.</summary>
    /// <param name="checkpoint">The records.</param>
    /// <param name="objectPaths">Paths through which the process can open the memory objects that are files.</param>
    internal static SystemCallProgram Build(Checkpoint checkpoint, IReadOnlyDictionary<int, string> objectPaths)
    {
        var plan = new AddressSpacePlan(checkpoint, objectPaths);
        plan.Program.About("personality").Call(SystemCall.personality, checkpoint.Process.Personality);
        plan.MapVdso();
        foreach (VmaRecord vma in checkpoint.Vmas)
        {
            plan.Map(vma);
        }

        plan.SetLayout();
        plan.RegisterBarriers();
        return plan.Program;
    }

    /// <summary>Plans the registration of lazy memory, which comes last: from then on the process waits for its pages.</summary>
    /// <param name="lazy">The VMAs.</param>
    /// <param name="sanctuary">Our place, which no child is to have that is forked from now on.</param>
    /// <param name="moves">Whether pages are to be moved there.</param>
    /// <param name="poisons">Whether pages may have to be marked that cannot be had.</param>
    /// <returns>The calls, and the one that returns the userfaultfd.</returns>
    internal static (SystemCallProgram Program, CallResultRef UserFault) RegisterLazy(
        IReadOnlyList<VmaRecord> lazy, Sanctuary sanctuary, bool moves, bool poisons)
    {
        var program = new SystemCallProgram();
        program.About("lazy memory");
        program.Call(SystemCall.madvise, sanctuary.Start, sanctuary.ProgramsEnd - sanctuary.Start, AdviseDontFork);
        return (program, Register(program, lazy, (moves ? UserFaultConstants.Move : 0) | (poisons ? UserFaultConstants.Poison : 0)));
    }

    /// <summary>Plans the registration of lazy shared memory with a userfaultfd of its own.</summary>
    /// <returns>The calls, and the one that returns the userfaultfd.</returns>
    internal static (SystemCallProgram Program, CallResultRef UserFault) RegisterShared(IEnumerable<VmaRecord> lazy)
    {
        var program = new SystemCallProgram();
        program.About("lazy shared memory");
        return (program, Register(program, lazy, UserFaultConstants.MissingShared));
    }

    private static CallResultRef Register(SystemCallProgram program, IEnumerable<VmaRecord> lazy, ulong features)
    {
        CallResultRef descriptor = program.Call(SystemCall.userfaultfd, UserFaultConstants.CreateFlags);
        program.Call(
            SystemCall.ioctl,
            descriptor,
            UserFaultConstants.Api,
            program.Words(UserFaultConstants.ApiVersion, UserFaultConstants.Events | features, 0));
        foreach (VmaRecord vma in lazy)
        {
            program.About($"lazy memory at 0x{vma.Start:x}");
            program.Call(
                SystemCall.ioctl,
                descriptor,
                UserFaultConstants.Register,
                program.Words(vma.Start, vma.Length, UserFaultConstants.RegisterMissing, 0));
        }

        return descriptor;
    }

    // Before there are threads, since it waits for all processors then.
    private void RegisterBarriers()
    {
        Program.About("registrations for membarrier(2)");
        for (int command = 1; command <= _checkpoint.Process.MemoryBarriers; command <<= 1)
        {
            if ((_checkpoint.Process.MemoryBarriers & command) != 0)
            {
                Program.Call(SystemCall.membarrier, command, 0, 0);
            }
        }
    }

    private void MapVdso()
    {
        VmaRecord? first = _checkpoint.Vmas.FirstOrDefault(vma => vma.Kind is VmaKind.Vvar or VmaKind.Vdso);
        if (first != null)
        {
            Program.About("the vDSO").Call(SystemCall.arch_prctl, ArchMapVdso64, first.Start);
        }
    }

    private void Map(VmaRecord vma)
    {
        if (vma.Kind is VmaKind.Vdso or VmaKind.Vvar)
        {
            return;
        }

        Program.About($"the VMA at 0x{vma.Start:x}{(vma.Name.Length > 0 ? " " + vma.Name : "")}");
        ulong flags = MapFixedNoReplace
            | (vma.Flags.HasFlag(VmaFlags.GrowsDown) ? MapGrowsDown : 0)
            | (vma.Flags.HasFlag(VmaFlags.NoReserve) ? MapNoReserve : 0)
            | (vma.Kind is VmaKind.SharedFile or VmaKind.Object ? MapShared : MapPrivate);
        if (vma.Kind == VmaKind.Object && _checkpoint.Segments.FirstOrDefault(segment => segment.ObjectId == vma.BackingId) is { } attached)
        {
            Attach(vma, attached.Identity.Id);
        }
        else if (vma.Kind == VmaKind.Anonymous || (vma.Kind == VmaKind.Object && !_objectPaths.ContainsKey(vma.BackingId)))
        {
            Program.Call(SystemCall.mmap, vma.Start, vma.Length, (ulong)vma.Protection, flags | MapAnonymous, -1, 0);
        }
        else
        {
            Program.Call(SystemCall.mmap, vma.Start, vma.Length, (ulong)vma.Protection, flags, OpenBacking(vma), vma.Offset);
        }

        Advise(vma);
    }

    // A segment is attached as a whole; further VMAs of it differ in what they allow.
    private void Attach(VmaRecord vma, int segment)
    {
        const int ReadOnly = 0x1000; // SHM_RDONLY
        const int Executable = 0x8000; // SHM_EXEC
        if (vma.Offset == 0)
        {
            int flags = (vma.Flags.HasFlag(VmaFlags.ReadOnly) ? ReadOnly : 0) | (vma.Protection.HasFlag(VmaProtection.Execute) ? Executable : 0);
            Program.Call(SystemCall.shmat, segment, vma.Start, flags);
        }

        Program.Call(SystemCall.mprotect, vma.Start, vma.Length, (ulong)vma.Protection);
    }

    private CallResultRef OpenBacking(VmaRecord vma)
    {
        bool isObject = vma.Kind is VmaKind.Object or VmaKind.PrivateObject;
        if (!_opened.TryGetValue((isObject, vma.BackingId), out CallResultRef file))
        {
            MappedFileRecord? mapped = isObject ? null : _checkpoint.MappedFiles.First(file => file.Id == vma.BackingId);
            string path = mapped?.Path ?? _objectPaths[vma.BackingId];
            int access = mapped is { Writable: false } ? 0 : OpenReadWrite;
            file = Program.Call(SystemCall.openat, AtFdCwd, Program.Text(path), access | CloseOnExec);
            _opened.Add((isObject, vma.BackingId), file);
        }

        return file;
    }

    private void Advise(VmaRecord vma)
    {
        foreach ((VmaFlags flag, int advice) in s_advice)
        {
            if (vma.Flags.HasFlag(flag))
            {
                Program.Call(SystemCall.madvise, vma.Start, vma.Length, advice);
            }
        }

        if ((vma.Flags & (VmaFlags.Locked | VmaFlags.LockOnFault)) != 0)
        {
            // A plain mlock(2) would wait for every page; LockLater does it when they are there.
            Program.Call(SystemCall.mlock2, vma.Start, vma.Length, MlockOnFault);
        }

        if (vma.Name.Length > 0 && vma.Name[0] != '[')
        {
            Program.Try(SystemCall.prctl, PrSetVma, 0, vma.Start, vma.Length, Program.Text(vma.Name));
        }
    }

    private static readonly (VmaFlags Flag, int Advice)[] s_advice =
    [
        (VmaFlags.Random, 1),
        (VmaFlags.Sequential, 2),
        (VmaFlags.DontFork, 10),
        (VmaFlags.Mergeable, 12),
        (VmaFlags.HugePage, 14),
        (VmaFlags.NoHugePage, 15),
        (VmaFlags.DontDump, 16),
        (VmaFlags.WipeOnFork, 18),
    ];

    // struct prctl_mm_map, with the executable's descriptor as its last field.
    private void SetLayout()
    {
        MemoryLayoutRecord layout = _checkpoint.Layout;
        Program.About($"the executable {_checkpoint.Process.Executable}");
        CallResultRef executable = Program.Call(
            SystemCall.openat, AtFdCwd, Program.Text(_checkpoint.Process.Executable), CloseOnExec);
        Program.Call(SystemCall.dup3, executable, ExecutableDescriptor, CloseOnExec);
        Program.About("the addresses of heap, stack and arguments");
        DataRef map = Program.Words(
            layout.StartCode, layout.EndCode, layout.StartData, layout.EndData, layout.StartBrk, layout.Brk, layout.StartStack,
            layout.ArgStart, layout.ArgEnd, layout.EnvStart, layout.EnvEnd, 0, (uint)layout.Auxv.Length | ((ulong)ExecutableDescriptor << 32));
        Program.Point(map, 11 * sizeof(ulong), Program.Data(layout.Auxv.Span));
        Program.Call(SystemCall.prctl, PrSetMm, PrSetMmMap, map, map.Length, 0);
        Program.About("files of the address space").Call(SystemCall.close_range, 3, uint.MaxValue, 0);
    }
}
