using System.Runtime.ExceptionServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// Creates a task from a stopped thread that is no child of its process: a task between the two, which ends at once without a signal and is
/// reaped by the process, makes it an orphan, which whoever adopts orphans reaps.
/// </summary>
internal sealed class OrphanTask
{
    private const int SigKill = 9;
    private readonly Tracee _creator;
    private readonly long _options;
    private Tracee? _task;
    private ExceptionDispatchInfo? _failure;

    private OrphanTask(Tracee creator, long options)
    {
        _creator = creator;
        _options = options;
    }

    /// <summary>Creates the task; it stops before it executes anything of its own.</summary>
    /// <param name="creator">The thread that creates it.</param>
    /// <param name="runner">The runner in its process.</param>
    /// <param name="purpose">What for; errors name it.</param>
    /// <param name="flags">What it shares with the process, CLONE_*.</param>
    /// <param name="prepare">Adds calls of the task between, whose attributes the task inherits; null for none. None may stop the program.</param>
    /// <param name="options">Its PTRACE_O_ options.</param>
    /// <param name="creatorOptions">The creator's PTRACE_O_ options afterwards.</param>
    /// <exception cref="NativeException">It cannot be created.</exception>
    internal static Tracee Create(
        Tracee creator, RemoteRunner runner, string purpose, ulong flags, Func<SystemCallProgram, CallResultRef>? prepare, long options, long creatorOptions)
    {
        OrphanTask family = new(creator, options);
        SystemCallProgram program = Plan(purpose, flags, prepare, out CallResultRef? prepared, out CallResultRef created);
        creator.SetOptions(Interop.PTRACE_O_TRACECLONE | creatorOptions);
        try
        {
            ProgramResult result = runner.Run(creator, program, family.Follow);
            family._failure?.Throw();
            long error = Math.Min(prepared is { } call ? result[call] : 0, result[created]);
            creator.SetOptions(creatorOptions);
            return error >= 0 && family._task is { } task
                ? task
                : throw new NativeException("clone3", error < 0 ? (int)-error : Tracee.NoSuchProcess, $"inside process {creator.ProcessId}");
        }
        catch
        {
            family.EndTask();
            throw;
        }
    }

    // What each task does is also right when nobody traces it any more: the task ends, the one between ends, and the process goes on.
    private static SystemCallProgram Plan(
        string purpose, ulong flags, Func<SystemCallProgram, CallResultRef>? prepare, out CallResultRef? prepared, out CallResultRef created)
    {
        SystemCallProgram program = new SystemCallProgram().About(purpose);
        DataRef between = program.Words(CloneArguments.CLONE_VM | CloneArguments.CLONE_FILES, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        DataRef arguments = program.Words(flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        (CallResultRef? preparation, CallResultRef task) = (null, default);
        CallResultRef first = program.Branch(
            () => program.Call(SystemCall.clone3, between, between.Length),
            () =>
            {
                preparation = prepare?.Invoke(program);
                task = program.Branch(
                    () => program.Try(SystemCall.clone3, arguments, arguments.Length),
                    () => program.Try(SystemCall.exit_group, 0));
                program.Try(SystemCall.exit_group, 0);
            });
        program.Call(SystemCall.wait4, first, 0, Interop.__WALL, 0);
        (prepared, created) = (preparation, task);
        return program;
    }

    // Called when the creator has created the task in between, which inherits the options.
    private void Follow()
    {
        int pid = 0;
        try
        {
            pid = (int)_creator.ReadEventMessage();
            _creator.SetOptions(0);
            FollowBetween(Attach(pid));
        }
        catch (TraceeGoneException)
        {
            // As it should: the process reaps it. Should the task have been killed instead, it must not wait for us.
            End(pid);
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
            EndTask();
            End(pid);
        }
    }

    private void EndTask()
    {
        if (_task is { } task)
        {
            _task = null;
            End(task.Tid);
        }
    }

    private void FollowBetween(Tracee between)
    {
        // It runs on the creator's stack, where no handler may run.
        between.SignalMask = ulong.MaxValue;
        while (true)
        {
            between.Resume();
            if (between.Wait().Event == Interop.PTRACE_EVENT_CLONE)
            {
                _task = Attach((int)between.ReadEventMessage());
                _task.SetOptions(_options);
            }
        }
    }

    private Tracee Attach(int pid)
    {
        Tracee task = _creator.Created(pid);
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
