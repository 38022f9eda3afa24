using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The processes of a tree while they are empty: stubs with the right parents, sessions and process groups, all stopped and traced by this
/// thread, and ended with us.
/// </summary>
internal sealed class StubTree
{
    /// <summary>How every stub is traced.</summary>
    internal const long TraceOptions = Interop.PTRACE_O_TRACEFORK | Interop.PTRACE_O_TRACECLONE | Interop.PTRACE_O_EXITKILL;

    private const ulong RunnerCapacity = 64 << 10;
    private const int SigKill = 9;
    private const int SigChld = 17;
    private const int PrSetName = 15;
    private const int PrSetChildSubreaper = 36;
    private readonly Checkpoint _checkpoint;
    private readonly bool _newIds;
    private readonly Dictionary<int, Tracee> _stubs = [];
    private readonly Dictionary<int, RemoteRunner> _runners = [];
    private readonly Dictionary<int, int> _pids = [];

    private StubTree(Checkpoint checkpoint, bool newIds)
    {
        _checkpoint = checkpoint;
        _newIds = newIds;
    }

    /// <summary>The stub of a process, by its process ID in the image.</summary>
    internal Tracee this[int pid] => _stubs[pid];

    /// <summary>The process ID here of a process of the image, or the same when it is none.</summary>
    internal int PidOf(int pid) => _pids.GetValueOrDefault(pid, pid);

    /// <summary>Makes the tree of a checkpoint.</summary>
    internal static StubTree Create(Checkpoint checkpoint, bool newIds)
    {
        IReadOnlyList<TreeStep> steps = TreePlan.Build(checkpoint);
        var tree = new StubTree(checkpoint, newIds);
        try
        {
            tree.StartFirst();
            foreach (TreeStep step in steps)
            {
                tree.Take(step);
            }

            return tree;
        }
        catch
        {
            tree.Kill();
            throw;
        }
    }

    /// <summary>Ends all processes, whatever has become of them, and waits until they have ended.</summary>
    /// <param name="letGo">Called when they have been killed, to let go of what would keep them from ending.</param>
    internal unsafe void Kill(Action? letGo = null)
    {
        foreach (int pid in _pids.Values)
        {
            Interop.syscall((long)SystemCall.kill, pid, SigKill);
        }

        letGo?.Invoke();

        // The kernel reports a leader's end only when that of all other threads, which this thread traces, has been taken.
        int status;
        while (Interop.wait4(-1, &status, Interop.__WALL | Interop.__WNOTHREAD, null) > 0)
        {
        }
    }

    private void StartFirst()
    {
        int pid = _checkpoint.Process.Pid;
        int started = StubProcess.Start(_newIds ? 0 : pid);
        _pids.Add(pid, started);
        bool hasSeccomp = _checkpoint.Processes.Any(process => process.Threads.Any(thread => thread.Seccomp is not null));
        Tracee stub = Tracee.Seize(started, started, TraceOptions | (hasSeccomp ? Interop.PTRACE_O_SUSPEND_SECCOMP : 0));
        stub.Interrupt();
        stub.WaitForInterrupt();
        _stubs.Add(pid, stub);
    }

    // A process alone needs no runner before its own one.
    private RemoteRunner RunnerOf(int pid)
    {
        if (!_runners.TryGetValue(pid, out RemoteRunner? runner))
        {
            runner = RemoteRunner.Install(_stubs[pid], StubElf.SyscallInstruction, address: 0, RunnerCapacity);
            _runners.Add(pid, runner);
        }

        return runner;
    }

    private ProgramResult Run(int pid, SystemCallProgram program) => RunnerOf(pid).Run(_stubs[pid], program);

    private void Take(TreeStep step)
    {
        var program = new SystemCallProgram();
        program.About($"process {step.Pid} of the tree");
        switch (step)
        {
            case ForkStep fork:
                Fork(fork, program);
                break;
            case SessionStep:
                program.Call(SystemCall.setsid);
                Run(step.Pid, program);
                break;
            case GroupStep group:
                program.Call(SystemCall.setpgid, 0, group.Group == TreePlan.Outside ? Interop.syscall((long)SystemCall.getpgrp) : PidOf(group.Group));
                Run(step.Pid, program);
                break;
            case TerminalStep terminal:
                WithTerminal(terminal.Pid, terminal.Index, program, slave => program.Call(SystemCall.ioctl, slave, Interop.TIOCSCTTY, 0));
                break;
            case NoTerminalStep terminal:
                WithTerminal(terminal.Pid, terminal.Index, program, slave => program.Call(SystemCall.ioctl, slave, Interop.TIOCNOTTY, 0));
                break;
            case ForegroundStep foreground:
                WithTerminal(
                    foreground.Pid, foreground.Index, program,
                    slave => program.Call(SystemCall.ioctl, slave, Interop.TIOCSPGRP, program.Words((ulong)PidOf(foreground.Group))));
                break;
            case ReaperStep reaper:
                program.Call(SystemCall.prctl, PrSetChildSubreaper, reaper.IsReaper ? 1 : 0, 0, 0, 0);
                Run(step.Pid, program);
                break;
            case LeaveStep leave:
                EndItself(leave.Pid, program, status: 0);
                var reaping = new SystemCallProgram();
                reaping.About($"process {leave.Pid} of the tree").Call(SystemCall.wait4, PidOf(leave.Pid), 0, Interop.__WALL, 0);
                Run(leave.Parent, reaping);
                Forget(leave.Pid);
                _pids.Remove(leave.Pid);
                break;
            case EndStep end:
                program.Call(SystemCall.prctl, PrSetName, program.Text(_checkpoint.Zombies.First(zombie => zombie.Pid == end.Pid).Name), 0, 0, 0);
                EndItself(end.Pid, program, end.Status);
                TakeChildSignal(end.Parent);
                Forget(end.Pid);
                break;
        }
    }

    private void WithTerminal(int pid, int index, SystemCallProgram program, Action<CallResultRef> use)
    {
        const int AtFdCwd = -100;
        string path = PseudoTerminals.PathOf(index);
        program.About($"the controlling terminal {path} of process {pid}");
        CallResultRef slave = program.Call(
            SystemCall.openat, AtFdCwd, program.Text(path), Interop.O_RDWR | Interop.O_NOCTTY | Interop.O_NONBLOCK | Interop.O_CLOEXEC);
        use(slave);
        program.Call(SystemCall.close, slave);
        Run(pid, program);
    }

    private void Fork(ForkStep fork, SystemCallProgram program)
    {
        bool chooses = !_newIds && fork.Child > 0;
        ulong signal = fork.IsStandIn ? 0 : CloneArguments.SIGCHLD;
        DataRef arguments = program.Words(0, 0, 0, 0, signal, 0, 0, 0, 0, chooses ? 1ul : 0, 0);
        program.About($"process {fork.Child}");
        if (chooses)
        {
            program.Point(arguments, 8 * sizeof(ulong), program.Words((ulong)fork.Child));
        }

        CallResultRef created = program.Call(SystemCall.clone3, arguments, arguments.Length);
        int pid = (int)Run(fork.Pid, program)[created];
        _pids.Add(fork.Child, pid);
        Tracee child = _stubs[fork.Pid].Created(pid);
        child.WaitForInterrupt();
        _stubs.Add(fork.Child, child);
        _runners.Add(fork.Child, RunnerOf(fork.Pid).In(child));
    }

    // It goes on by itself, since a tracer would be told of its end instead of its parent.
    private void EndItself(int pid, SystemCallProgram program, int status)
    {
        const int LimitCore = 4;
        const int SetMask = 2;
        const int MaskSize = 8;
        int signal = status & 0x7f;
        if (signal != 0)
        {
            program.Try(SystemCall.prlimit64, 0, LimitCore, program.Words(0, 0), 0);
            program.Try(SystemCall.rt_sigaction, signal, program.Words(0, 0, 0, 0), 0, MaskSize);
            program.Try(SystemCall.rt_sigprocmask, SetMask, program.Words(0), 0, MaskSize);
            program.Try(SystemCall.kill, PidOf(pid), signal);
        }

        program.Try(SystemCall.exit_group, status >> 8);
        using PidDescriptor process = PidDescriptor.Open(PidOf(pid));
        Tracee stub = _stubs[pid];
        stub.Registers = RunnerOf(pid).LoadLast(stub, program);
        stub.DetachAsIs();
        process.WaitForEnd(milliseconds: -1);
    }

    // The parent has been told of the end long ago.
    private void TakeChildSignal(int parent)
    {
        const int MaskSize = 8;
        var program = new SystemCallProgram();
        program.About("the signal of a child's end");
        program.Try(SystemCall.rt_sigtimedwait, program.Words(1ul << (SigChld - 1)), 0, program.Words(0, 0), MaskSize);
        Run(parent, program);
    }

    private void Forget(int pid)
    {
        _stubs.Remove(pid);
        _runners.Remove(pid);
    }
}
