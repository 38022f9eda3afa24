namespace LazyRestore.ImageFormat.Records;

/// <summary>A thread: its registers and what the kernel keeps for it. The first thread record of an image is the group leader's.</summary>
public sealed record ThreadRecord : CheckpointRecord
{
    /// <summary>The thread ID.</summary>
    public required int Tid { get; init; }

    /// <summary>The thread's name, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The general registers: struct user_regs_struct, 216 bytes (NT_PRSTATUS). Where rax tells that a system call is to be restarted,
    /// orig_rax is the number of that call, never that of restart_syscall(2).
    /// </summary>
    public required ReadOnlyMemory<byte> Registers { get; init; }

    /// <summary>The full XSAVE area (NT_X86_XSTATE): x87, SSE, AVX and what else the processor keeps.</summary>
    public required ReadOnlyMemory<byte> ExtendedState { get; init; }

    /// <summary>The blocked signals, bit N-1 for signal N.</summary>
    public required ulong SignalMask { get; init; }

    /// <summary>Signals queued for this thread: raw siginfo_t, 128 bytes each, in order.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> PendingSignals { get; init; }

    /// <summary>The alternate signal stack, sigaltstack(2).</summary>
    public required AlternateStack AlternateStack { get; init; }

    /// <summary>The address cleared when the thread ends, set_tid_address(2); 0 for none.</summary>
    public required ulong ClearTidAddress { get; init; }

    /// <summary>The robust futex list's head, get_robust_list(2); 0 for none.</summary>
    public required ulong RobustListHead { get; init; }

    /// <summary>The length the robust list was registered with.</summary>
    public required ulong RobustListLength { get; init; }

    /// <summary>The restartable-sequence area, rseq(2); null when none is registered.</summary>
    public required RseqRegistration? Rseq { get; init; }

    /// <summary>Scheduling policy and parameters, sched_setattr(2).</summary>
    public required SchedulingAttributes Scheduling { get; init; }

    /// <summary>The processors the thread may run on, a bit per processor, little-endian.</summary>
    public required ReadOnlyMemory<byte> Affinity { get; init; }

    /// <summary>The I/O priority, ioprio_get(2).</summary>
    public required int IoPriority { get; init; }

    /// <summary>The timer slack in nanoseconds.</summary>
    public required ulong TimerSlackNanoseconds { get; init; }

    /// <summary>The signal sent to this process when its parent ends (PR_SET_PDEATHSIG); 0 for none.</summary>
    public required int ParentDeathSignal { get; init; }

    /// <summary>User and group IDs, capabilities and the like.</summary>
    public required Credentials Credentials { get; init; }

    /// <summary>
    /// Nanoseconds that a call with a relative timeout (nanosleep, clock_nanosleep, poll, futex) still had to last when the thread was
    /// frozen in it; null when the thread was not in one.
    /// </summary>
    public required long? SleepRemainingNanoseconds { get; init; }

    /// <summary>What the thread may call; null when it may call everything.</summary>
    public SeccompState? Seccomp { get; init; }
}

/// <summary>An alternate signal stack: stack_t of sigaltstack(2).</summary>
public readonly record struct AlternateStack(ulong Address, int Flags, ulong Size);

/// <summary>A registered rseq area: PTRACE_GET_RSEQ_CONFIGURATION in ptrace(2).</summary>
public readonly record struct RseqRegistration(ulong Address, uint Size, uint Signature, uint Flags);

/// <summary>Scheduling attributes: struct sched_attr, sched_setattr(2).</summary>
public readonly record struct SchedulingAttributes(
    uint Policy, ulong Flags, int Nice, uint Priority, ulong Runtime, ulong Deadline, ulong Period);
