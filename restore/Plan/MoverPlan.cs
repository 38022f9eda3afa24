using LazyRestore.Agent.Moving;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Programs;
using static LazyRestore.Restore.Programs.MemoryConstants;

namespace LazyRestore.Restore.Plan;

/// <summary>Plans how the mover gets its descriptors and its memory; its own task runs it.</summary>
internal sealed class MoverPlan
{
    /// <summary>The name it goes by in proc_pid_comm(5).</summary>
    internal const string Name = "lazyrestore-mv";

    private const int PrSetName = 15;
    private readonly CallResultRef _process;
    private readonly CallResultRef _agent;
    private readonly CallResultRef _fault;
    private readonly CallResultRef _memory;
    private readonly CallResultRef _commands;
    private readonly CallResultRef _done;

    /// <summary>Plans it.</summary>
    /// <param name="sanctuary">Our place in the address space.</param>
    /// <param name="process">The restored process.</param>
    /// <param name="agent">The agent's process.</param>
    /// <param name="fault">The agent's descriptor of the userfaultfd.</param>
    /// <param name="ring">The agent's end.</param>
    /// <param name="inHugePages">Whether the stage is to be in huge pages.</param>
    internal MoverPlan(Sanctuary sanctuary, int process, int agent, int fault, MoverRing ring, bool inHugePages)
    {
        Program.About("the mover");
        Program.Call(SystemCall.setsid);
        Program.Call(SystemCall.chdir, Program.Text("/"));
        Program.Call(SystemCall.prctl, PrSetName, Program.Text(Name), 0, 0, 0);
        Program.Call(SystemCall.close_range, 0, uint.MaxValue, 0);
        _process = Program.Call(SystemCall.pidfd_open, process, 0);
        _agent = Program.Call(SystemCall.pidfd_open, agent, 0);
        _fault = Program.Call(SystemCall.pidfd_getfd, _agent, fault, 0);
        _memory = Program.Call(SystemCall.pidfd_getfd, _agent, ring.Memory, 0);
        _commands = Program.Call(SystemCall.pidfd_getfd, _agent, ring.Commands, 0);
        _done = Program.Call(SystemCall.pidfd_getfd, _agent, ring.Completions, 0);
        Map(sanctuary, inHugePages);
    }

    /// <summary>The calls.</summary>
    internal SystemCallProgram Program { get; } = new();

    /// <summary>The mover's descriptors, once the program has run.</summary>
    internal MoverDescriptors DescriptorsOf(ProgramResult result) => new(
        (int)result[_fault], (int)result[_commands], (int)result[_done], (int)result[_process], (int)result[_agent]);

    /// <summary>Plans the change that makes the code executable, after it has been written.</summary>
    internal static SystemCallProgram Seal(Sanctuary sanctuary)
    {
        var program = new SystemCallProgram();
        program.About("the mover's code").Call(SystemCall.mprotect, sanctuary.MoverCode, PageSize, ProtRead | ProtExec);
        return program;
    }

    private void Map(Sanctuary sanctuary, bool inHugePages)
    {
        const ulong Private = MapPrivate | MapAnonymous | MapFixedNoReplace;
        const ulong Shared = MapShared | MapFixedNoReplace;
        ulong shared = sanctuary.MoverShared;
        Program.Call(SystemCall.mmap, shared, (ulong)MoverLayout.Header, ProtRead, Shared, _memory, 0);
        Program.Call(SystemCall.mmap, shared + MoverLayout.Header, PageSize, ProtRead | ProtWrite, Shared, _memory, MoverLayout.Header);
        Program.Call(SystemCall.mmap, sanctuary.MoverCode, PageSize, ProtRead | ProtWrite, Private, -1, 0);
        Program.Call(SystemCall.mmap, sanctuary.MoverStage, Sanctuary.StageLength, ProtRead | ProtWrite, Private, -1, 0);
        Program.Call(SystemCall.close, _memory);
        Program.Call(
            SystemCall.madvise, sanctuary.MoverStage, Sanctuary.StageLength, inHugePages ? AdviseHugePage : AdviseNoHugePage);

        // Neither a forked child nor a core file is to have any of it.
        foreach (int advice in (ReadOnlySpan<int>)[AdviseDontFork, AdviseDontDump])
        {
            Program.Call(SystemCall.madvise, shared, MoverLayout.Length + PageSize, advice);
            Program.Call(SystemCall.madvise, sanctuary.MoverStage, Sanctuary.StageLength, advice);
        }
    }
}
