namespace LazyRestore.ImageFormat.Records;

/// <summary>What belongs to the process as a whole (see proc_pid_stat(5), proc_pid_status(5), prctl(2)).</summary>
public sealed record ProcessRecord : CheckpointRecord
{
    /// <summary>The process ID, in the PID namespace of the checkpoint tool.</summary>
    public required int Pid { get; init; }

    /// <summary>The parent's process ID when the process was frozen.</summary>
    public required int ParentPid { get; init; }

    /// <summary>The space of the extents that hold its memory: 0 for the first process of an image, another one for each further one.</summary>
    public int Space { get; init; }

    /// <summary>The signal that had stopped the process, SIGSTOP or the like; 0 when it was running.</summary>
    public int StopSignal { get; init; }

    /// <summary>The process group ID.</summary>
    public required int ProcessGroup { get; init; }

    /// <summary>The session ID.</summary>
    public required int Session { get; init; }

    /// <summary>The device of the controlling terminal, tty_nr in proc_pid_stat(5); 0 for none.</summary>
    public int Terminal { get; init; }

    /// <summary>The number of the pseudo terminal that is the controlling terminal; null for none, and for another kind of terminal.</summary>
    public int? PseudoTerminal => TerminalDevice.IndexOf(Terminal);

    /// <summary>The executable, <c>/proc/PID/exe</c>.</summary>
    public required string Executable { get; init; }

    /// <summary>The working directory.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The root directory; <c>/</c> unless the process called chroot(2).</summary>
    public required string RootDirectory { get; init; }

    /// <summary>The file mode creation mask.</summary>
    public required int Umask { get; init; }

    /// <summary>The execution domain, personality(2).</summary>
    public required uint Personality { get; init; }

    /// <summary>PR_GET_DUMPABLE: 0, 1 or 2.</summary>
    public required int Dumpable { get; init; }

    /// <summary>Whether the process adopts orphans (PR_SET_CHILD_SUBREAPER).</summary>
    public required bool ChildSubreaper { get; init; }

    /// <summary>Whether transparent huge pages are off for the process (PR_SET_THP_DISABLE).</summary>
    public required bool HugePagesDisabled { get; init; }

    /// <summary>The adjustment of the out-of-memory score, -1000 to 1000.</summary>
    public required int OomScoreAdjustment { get; init; }

    /// <summary>Resource limits by RLIMIT_* number.</summary>
    public required IReadOnlyList<ResourceLimit> Limits { get; init; }

    /// <summary>Dispositions of all signals that are not at their default.</summary>
    public required IReadOnlyList<SignalAction> SignalActions { get; init; }

    /// <summary>Signals queued for the process as a whole: raw siginfo_t, 128 bytes each, in order.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> PendingSignals { get; init; }

    /// <summary>Armed interval timers, setitimer(2).</summary>
    public required IReadOnlyList<IntervalTimer> IntervalTimers { get; init; }

    /// <summary>POSIX timers, timer_create(2).</summary>
    public required IReadOnlyList<PosixTimer> PosixTimers { get; init; }

    /// <summary>What the process has registered for, MEMBARRIER_CMD_REGISTER_* bits of membarrier(2).</summary>
    public int MemoryBarriers { get; init; }
}

/// <summary>A resource limit, getrlimit(2); <see cref="ulong.MaxValue"/> is RLIM_INFINITY.</summary>
public readonly record struct ResourceLimit(int Resource, ulong Soft, ulong Hard);

/// <summary>The disposition of one signal: the kernel's struct sigaction, rt_sigaction(2).</summary>
public readonly record struct SignalAction(int Signal, ulong Handler, ulong Flags, ulong Restorer, ulong Mask);

/// <summary>An armed interval timer: ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF, in microseconds.</summary>
public readonly record struct IntervalTimer(int Which, long ValueMicroseconds, long IntervalMicroseconds);

/// <summary>A POSIX timer with what it does when it fires, timer_create(2).</summary>
public readonly record struct PosixTimer
{
    /// <summary>The kernel's timer ID, which the process holds and a restore recreates.</summary>
    public required int Id { get; init; }

    /// <summary>The clock, CLOCK_*.</summary>
    public required int Clock { get; init; }

    /// <summary>SIGEV_SIGNAL (0), SIGEV_NONE (1) or SIGEV_SIGNAL | SIGEV_THREAD_ID (4).</summary>
    public required int Notify { get; init; }

    /// <summary>The signal sent when the timer fires.</summary>
    public required int Signal { get; init; }

    /// <summary>The value that goes with the signal, sigval.</summary>
    public required ulong SignalValue { get; init; }

    /// <summary>The thread to be signalled when <see cref="Notify"/> names one; 0 otherwise.</summary>
    public required int ThreadId { get; init; }

    /// <summary>Nanoseconds until the next expiry; 0 when disarmed.</summary>
    public required long ValueNanoseconds { get; init; }

    /// <summary>The period in nanoseconds; 0 for a one-shot timer.</summary>
    public required long IntervalNanoseconds { get; init; }
}
