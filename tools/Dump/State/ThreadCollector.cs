using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.State;

/// <summary>Reads the state of the threads of a frozen process.</summary>
public sealed class ThreadCollector(ProcDirectory process, RemoteRunner runner, KernelActivity activity, Refusals refusals)
{
    private const int PR_GET_PDEATHSIG = 2;
    private const int PR_GET_SECUREBITS = 27;
    private const int PR_GET_TIMERSLACK = 30;
    private const int PR_GET_TID_ADDRESS = 40;
    private const ulong CompatibilityCodeSegment = 0x23;
    private const int SS_ONSTACK = 1;

    /// <summary>The threads, the leader first.</summary>
    public IReadOnlyList<ThreadRecord> Collect(FrozenProcess frozen) => [.. frozen.Threads.Select(Collect)];

    private ThreadRecord Collect(Tracee thread)
    {
        // The runner borrows registers, so what it must not disturb is read before it runs.
        byte[] extendedState = thread.ReadExtendedState();
        UserRegisters registers = InterruptedCall.Name(thread.OwnRegisters, activity.Stack(thread.Tid));
        StatusText status = StatusText.Parse(process.Text($"task/{thread.Tid}/status"));
        if (registers.cs == CompatibilityCodeSegment)
        {
            refusals.Add($"thread {thread.Tid}", UnsupportedKind.CompatibilityMode);
        }

        Refuse(thread.Tid, status, refusals);
        Answers answers = Ask(thread);
        (ulong robustHead, ulong robustLength) = ThreadAttributes.RobustList(thread.Tid);
        return new ThreadRecord
        {
            Tid = thread.Tid,
            Name = process.Text($"task/{thread.Tid}/comm").TrimEnd('\n'),
            Registers = registers.ToBytes(),
            ExtendedState = extendedState,
            SignalMask = thread.OwnSignalMask,
            PendingSignals = [.. thread.PeekSignals(shared: false).Select(signal => (ReadOnlyMemory<byte>)signal)],
            AlternateStack = answers.AlternateStack,
            ClearTidAddress = answers.ClearTidAddress,
            RobustListHead = robustHead,
            RobustListLength = robustLength,
            Rseq = thread.ReadRseq(),
            Scheduling = ThreadAttributes.Scheduling(thread.Tid),
            Affinity = ThreadAttributes.Affinity(thread.Tid),
            IoPriority = ThreadAttributes.IoPriority(thread.Tid),
            TimerSlackNanoseconds = answers.TimerSlack,
            ParentDeathSignal = answers.ParentDeathSignal,
            Credentials = status.Credentials with { SecureBits = answers.SecureBits },
            Seccomp = SeccompOf(thread, status),
            SleepRemainingNanoseconds = InterruptedCall.TimeRemaining(process.Pid, registers, activity.BlockedNanoseconds(thread.Tid)),
        };
    }

    /// <summary>Refuses what the status of a thread tells.</summary>
    public static void Refuse(int tid, StatusText status, Refusals refusals)
    {
        if (status.ShadowStack)
        {
            refusals.Add($"thread {tid}", UnsupportedKind.ShadowStack);
        }
    }

    private SeccompState? SeccompOf(Tracee thread, StatusText status)
    {
        const int Filter = 2;
        if (status.SeccompMode == 0)
        {
            return null;
        }

        IReadOnlyList<SeccompFilter> filters = status.SeccompMode == Filter ? thread.ReadSeccompFilters() : [];
        if (filters.Any(filter => filter.AsksAnotherProcess))
        {
            refusals.Add($"thread {thread.Tid}", UnsupportedKind.SeccompListener);
        }

        return new SeccompState(filters);
    }

    private Answers Ask(Tracee thread)
    {
        SystemCallProgram program = new SystemCallProgram().About($"thread {thread.Tid}");
        DataRef stack = program.Reserve(24);
        DataRef tidAddress = program.Reserve(sizeof(ulong));
        DataRef deathSignal = program.Reserve(sizeof(int));
        program.Call(SystemCall.sigaltstack, 0, stack);
        program.Call(SystemCall.prctl, PR_GET_TID_ADDRESS, tidAddress);
        program.Call(SystemCall.prctl, PR_GET_PDEATHSIG, deathSignal);
        CallResultRef slack = program.Call(SystemCall.prctl, PR_GET_TIMERSLACK);
        CallResultRef secureBits = program.Call(SystemCall.prctl, PR_GET_SECUREBITS);
        ProgramResult result = runner.Run(thread, program);
        result.ThrowIfStopped();

        // stack_t: ss_sp, ss_flags, ss_size. Whether the thread is on the stack follows from its registers.
        int flags = BinaryPrimitives.ReadInt32LittleEndian(result.Bytes(stack)[8..]) & ~SS_ONSTACK;
        return new Answers(
            new AlternateStack(result.Word(stack), flags, result.Word(stack, 2)),
            result.Word(tidAddress),
            BinaryPrimitives.ReadInt32LittleEndian(result.Bytes(deathSignal)),
            (ulong)result[slack],
            (uint)result[secureBits]);
    }

    private readonly record struct Answers(
        AlternateStack AlternateStack, ulong ClearTidAddress, int ParentDeathSignal, ulong TimerSlack, uint SecureBits);
}
