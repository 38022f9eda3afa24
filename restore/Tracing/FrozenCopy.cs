using System.Globalization;
using System.Runtime.ExceptionServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// A copy-on-write copy of a frozen process: its private memory as it is at that moment, at the same addresses, and nothing else. The
/// copy never runs, ends with us (PTRACE_O_EXITKILL), and must be used and disposed on the OS thread that froze the process.
/// <para>
/// The process sees nothing of it: a task between the two, which ends at once, makes the copy an orphan, so that it is no child of the
/// process and whoever adopts orphans reaps it. The task in between ends without a signal, and the process reaps it while it is frozen.
/// </para>
/// </summary>
public sealed class FrozenCopy : IDisposable
{
    private const int PrSetName = 15;
    private const int CloseRangeUnshare = 2;
    private const int SigKill = 9;
    private const string Name = "lazyrestore-cp";
    private const string Remedy = "Dump without --snapshot, which needs no copy.";
    private readonly Tracee _task;
    private readonly int _original;
    private readonly ulong _syscallInstruction;
    private bool _ended;

    private FrozenCopy(Tracee task, int original, ulong syscallInstruction)
    {
        _task = task;
        _original = original;
        _syscallInstruction = syscallInstruction;
    }

    /// <summary>The copy's process ID.</summary>
    public int Pid => _task.Tid;

    /// <summary>Copies a frozen process.</summary>
    /// <param name="process">The process; its leader makes the copy.</param>
    /// <exception cref="LazyRestoreException">It cannot be copied, for want of memory or because of a limit.</exception>
    public static FrozenCopy Create(FrozenProcess process)
    {
        ulong instruction = SyscallInstructionSearch.Find(process.Pid);
        using RemoteRunner runner = RemoteRunner.Install(process);
        Tracee task = Fork(process.Leader, runner);
        FrozenCopy copy = new(task, process.Pid, instruction);
        try
        {
            runner.In(task).Dispose();
            copy.OfferToOomKiller();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Whether it is there, and was at every moment up to now.</summary>
    public bool IsAlive
    {
        get
        {
            try
            {
                // The kernel answers only for a task that stands still; one that was killed does not, before its memory goes.
                _ = _task.Registers;
                return true;
            }
            catch (NativeException)
            {
                return false;
            }
        }
    }

    /// <summary>Demands that it is there, and was at every moment up to now: only then what was read of it is right.</summary>
    /// <exception cref="LazyRestoreException">It was killed.</exception>
    public void ThrowIfGone()
    {
        if (!IsAlive)
        {
            throw new LazyRestoreException(
                FailureReason.Failed,
                $"process {Pid}, the copy of process {_original}, was killed from outside, perhaps for want of memory",
                "Try again with more free memory. " + Remedy);
        }
    }

    /// <summary>Takes an area out of the copy.</summary>
    /// <param name="start">Its first address.</param>
    /// <param name="length">Its length in bytes.</param>
    public void Unmap(ulong start, ulong length) => InjectedCall.Run(_task, _syscallInstruction, SystemCall.munmap, start, length);

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            Interop.syscall((long)SystemCall.kill, Pid, SigKill);
            _task.WaitForEnd();
        }
    }

    private static Tracee Fork(Tracee leader, RemoteRunner runner)
    {
        Family family = new(leader);
        SystemCallProgram program = Plan(out CallResultRef closed, out CallResultRef copied);
        leader.SetOptions(Interop.PTRACE_O_TRACECLONE);
        try
        {
            ProgramResult result = runner.Run(leader, program, family.Follow);
            family.Failure?.Throw();
            long error = Math.Min(result[closed], result[copied]);
            return error >= 0 && family.Copy is { } copy
                ? copy
                : throw new NativeException("clone3", error < 0 ? (int)-error : Tracee.NoSuchProcess, $"inside process {leader.ProcessId}");
        }
        catch (NativeException exception)
        {
            family.EndCopy();
            throw new LazyRestoreException(
                FailureReason.Failed, $"process {leader.ProcessId} cannot be copied: {exception.Message}", Remedy, exception);
        }
        catch
        {
            family.EndCopy();
            throw;
        }
    }

    // What each task does is also right when nobody traces it any more: the copy ends, the one between ends, and the process goes on.
    private static SystemCallProgram Plan(out CallResultRef closed, out CallResultRef copied)
    {
        SystemCallProgram program = new SystemCallProgram().About("a copy of the process");
        DataRef between = program.Words(CloneArguments.CLONE_VM | CloneArguments.CLONE_FILES, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        DataRef arguments = program.Words(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        DataRef name = program.Text(Name);
        (CallResultRef close, CallResultRef copy) = (default, default);
        CallResultRef created = program.Branch(
            () => program.Call(SystemCall.clone3, between, between.Length),
            () =>
            {
                // Neither signals to the process's group nor its descriptors are the copy's: a connection that the process closes is closed.
                program.Try(SystemCall.setsid);
                program.Try(SystemCall.prctl, PrSetName, name, 0, 0, 0);
                close = program.Try(SystemCall.close_range, 0, uint.MaxValue, CloseRangeUnshare);
                copy = program.Branch(
                    () => program.Try(SystemCall.clone3, arguments, arguments.Length),
                    () => program.Try(SystemCall.exit_group, 0));
                program.Try(SystemCall.exit_group, 0);
            });
        program.Call(SystemCall.wait4, created, 0, Interop.__WALL, 0);
        (closed, copied) = (close, copy);
        return program;
    }

    // Should memory run out, the copy goes before the process does.
    private void OfferToOomKiller()
    {
        const string First = "1000";
        try
        {
            File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/oom_score_adj"), First);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whoever may trace a process need not be allowed this; or the copy was killed already, which shows soon.
        }
    }

    /// <summary>The tasks that the leader creates, followed until only the copy is left.</summary>
    private sealed class Family(Tracee leader)
    {
        /// <summary>The copy, which has not executed anything.</summary>
        internal Tracee? Copy { get; private set; }

        /// <summary>What went wrong on the way.</summary>
        internal ExceptionDispatchInfo? Failure { get; private set; }

        /// <summary>Called when the leader has created the task in between, which inherits the options.</summary>
        internal void Follow()
        {
            int pid = 0;
            try
            {
                pid = (int)leader.ReadEventMessage();
                leader.SetOptions(0);
                FollowBetween(Attach(pid));
            }
            catch (TraceeGoneException)
            {
                // As it should: the leader reaps it. Should the copy have been killed instead, it must not wait for us.
                End(pid);
            }
            catch (Exception exception)
            {
                Failure = ExceptionDispatchInfo.Capture(exception);
                EndCopy();
                End(pid);
            }
        }

        internal void EndCopy()
        {
            if (Copy is { } copy)
            {
                Copy = null;
                End(copy.Tid);
            }
        }

        private void FollowBetween(Tracee between)
        {
            // It runs on the leader's stack, where no handler may run.
            between.SignalMask = ulong.MaxValue;
            while (true)
            {
                between.Resume();
                if (between.Wait().Event == Interop.PTRACE_EVENT_CLONE)
                {
                    Copy = Attach((int)between.ReadEventMessage());
                    Copy.SetOptions(Interop.PTRACE_O_EXITKILL);
                }
            }
        }

        private Tracee Attach(int pid)
        {
            Tracee task = leader.Created(pid);
            task.WaitForInterrupt();
            return task;
        }

        private static void End(int pid)
        {
            if (pid > 0)
            {
                Interop.syscall((long)SystemCall.kill, pid, SigKill);
                Tracee.AutoAttached(pid, pid).WaitForEnd();
            }
        }
    }
}
