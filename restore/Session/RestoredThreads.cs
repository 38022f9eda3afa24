using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>The threads of a process that is being restored, in the order of the image.</summary>
internal sealed class RestoredThreads
{
    private const ulong ThreadFlags = CloneArguments.CLONE_VM | CloneArguments.CLONE_FS | CloneArguments.CLONE_FILES
        | CloneArguments.CLONE_SIGHAND | CloneArguments.CLONE_THREAD | CloneArguments.CLONE_SYSVSEM;

    private const uint SchedulingDeadline = 6;

    private readonly Checkpoint _checkpoint;
    private readonly RemoteRunner _runner;
    private readonly List<Tracee> _threads;
    private readonly Func<int, int> _pidOf;

    private RestoredThreads(Checkpoint checkpoint, RemoteRunner runner, List<Tracee> threads, Func<int, int> pidOf)
    {
        _pidOf = pidOf;
        _checkpoint = checkpoint;
        _runner = runner;
        _threads = threads;
    }

    private Tracee Leader => _threads[0];

    /// <summary>Creates the threads beside the leader; they stay stopped.</summary>
    internal static RestoredThreads Create(Checkpoint checkpoint, RemoteRunner runner, Tracee leader, bool newIds, Func<int, int> pidOf)
    {
        List<Tracee> threads = [leader];
        foreach (ThreadRecord[] batch in checkpoint.Threads.Skip(1).Chunk(1000))
        {
            var program = new SystemCallProgram();
            var created = new CallResultRef[batch.Length];
            for (int i = 0; i < batch.Length; i++)
            {
                program.About($"thread {batch[i].Tid}");
                DataRef arguments = program.Words(ThreadFlags, 0, 0, 0, 0, 0, 0, 0, 0, newIds ? 0ul : 1, 0);
                if (!newIds)
                {
                    program.Point(arguments, 8 * sizeof(ulong), program.Words((ulong)batch[i].Tid));
                }

                created[i] = program.Call(SystemCall.clone3, arguments, arguments.Length);
            }

            ProgramResult result = runner.Run(leader, program);
            foreach (CallResultRef call in created)
            {
                Tracee thread = Tracee.AutoAttached(leader.ProcessId, (int)result[call]);
                thread.WaitForInterrupt();
                thread.AvoidEndSignals(PendingSignals(checkpoint));
                threads.Add(thread);
            }
        }

        return new RestoredThreads(checkpoint, runner, threads, pidOf);
    }

    /// <summary>The numbers of all signals that will be pending, bit N-1 for signal N.</summary>
    internal static ulong PendingSignals(Checkpoint checkpoint)
    {
        ulong pending = 0;
        foreach (ReadOnlyMemory<byte> info in checkpoint.Process.PendingSignals.Concat(checkpoint.Threads.SelectMany(thread => thread.PendingSignals)))
        {
            pending |= 1UL << (BitConverter.ToInt32(info.Span) - 1);
        }

        return pending;
    }

    /// <summary>The ID here of a thread of the process, or of another process of the image.</summary>
    internal int TidOf(int imageTid)
    {
        for (int i = 0; i < _threads.Count; i++)
        {
            if (_checkpoint.Threads[i].Tid == imageTid)
            {
                return _threads[i].Tid;
            }
        }

        return _pidOf(imageTid);
    }

    /// <summary>Gives every thread what is its own, the leader last: with it go the process's signals and timers.</summary>
    internal void SetUp(Credentials own, SharedProcessor processor)
    {
        for (int i = _threads.Count - 1; i >= 0; i--)
        {
            ThreadRecord record = _checkpoint.Threads[i];
            if (record.Scheduling.Policy == SchedulingDeadline)
            {
                // The kernel has no deadlines for threads that are bound.
                processor.Free(_threads[i].Tid);
            }

            var program = new SystemCallProgram();
            ThreadPlan.Add(program, record);
            if (i == 0)
            {
                AddProcess(program);
            }

            SignalPlan.AddOwn(program, Leader.Tid, _threads[i].Tid, record.PendingSignals);
            ThreadPlan.AddSeccomp(program, record);
            CredentialsPlan.Add(program, record.Credentials, own);
            ThreadPlan.AddLast(program, record);
            if (i == 0)
            {
                ProcessPlan.AddLast(program, _checkpoint.Process);
                FileOwnerPlan.Add(program, _checkpoint, TidOf);
            }

            ThreadPlan.AddRseq(program, record);
            _runner.Run(_threads[i], program);
        }
    }

    /// <summary>Sets every thread's registers; they can go on after that.</summary>
    internal void SetRegisters()
    {
        for (int i = 0; i < _threads.Count; i++)
        {
            ThreadRecord record = _checkpoint.Threads[i];
            Tracee thread = _threads[i];
            UserRegisters registers = UserRegisters.From(record.Registers.Span);
            registers = BlockedCall.HasTimeout(record, registers)
                ? BlockedCall.Reenter(thread, _runner, record, registers)
                : BlockedCall.Again(registers);
            thread.SetOwn(registers, record.SignalMask);
            thread.WriteExtendedState(record.ExtendedState.Span);
        }
    }

    /// <summary>Lets all threads go, each to the processors that it could use.</summary>
    internal void Release(SharedProcessor processor)
    {
        for (int i = 0; i < _threads.Count; i++)
        {
            processor.Free(_threads[i].Tid, _checkpoint.Threads[i].Affinity.Span);
        }

        foreach (Tracee thread in _threads)
        {
            thread.Detach();
        }
    }

    private void AddProcess(SystemCallProgram program)
    {
        ProcessRecord process = _checkpoint.Process;
        ProcessPlan.AddPrivileged(program, process);
        SignalPlan.AddActions(program, process.SignalActions);
        SignalPlan.AddShared(program, Leader.Tid, process.PendingSignals);
        SignalPlan.AddTimers(program, process, TidOf);
    }
}
