using LazyRestore.Agent;

namespace LazyRestore.Restore.Tracing;

/// <summary>How a thread is borrowed: it executes something of ours and goes on as if it had not.</summary>
public sealed unsafe partial class Tracee
{
    private const int SyscallStop = SigTrap | 0x80; // PTRACE_O_TRACESYSGOOD

    // SIGURG, SIGWINCH, SIGCHLD, SIGIO, SIGPWR, SIGUSR1, SIGUSR2: of little use to anyone, and not all are ever pending.
    private static readonly int[] s_endSignals = [23, 28, 17, 29, 30, 10, 12];
    private readonly List<int> _withheldSignals = [];
    private UserRegisters _ownRegisters;
    private ulong _ownSignalMask;
    private bool _borrowed;

    /// <summary>
    /// The signal by which a program announces its end: one that is not pending, since it is the only one that is not blocked then.
    /// </summary>
    internal int EndSignal { get; private set; } = s_endSignals[0];

    /// <summary>Chooses <see cref="EndSignal"/> so that it is none of the given signals, bit N-1 for signal N.</summary>
    internal void AvoidEndSignals(ulong pending)
    {
        foreach (int signal in s_endSignals)
        {
            if ((pending & Bit(signal)) == 0)
            {
                EndSignal = signal;
                return;
            }
        }
    }

    /// <summary>
    /// Runs a program from other registers, with all signals blocked. The thread's own registers and mask are kept;
    /// <see cref="GiveBack"/> restores them. Signals that cannot be blocked are sent again then.
    /// </summary>
    /// <param name="registers">Where to run.</param>
    /// <param name="finished">The address at which the thread has announced its end.</param>
    /// <param name="created">Called when the program has created a task, which is stopped then; it must not throw.</param>
    /// <returns>The registers at the end.</returns>
    internal UserRegisters RunBorrowed(UserRegisters registers, ulong finished, Action? created = null)
    {
        Borrow();
        SetForeign(registers);
        while (true)
        {
            Resume();
            StopStatus status = Wait();
            if (status.Event != 0)
            {
                if (status.Event == Interop.PTRACE_EVENT_CLONE)
                {
                    created?.Invoke();
                }

                continue;
            }

            UserRegisters now = Registers;
            if (status.StopSignal == EndSignal && now.rip == finished)
            {
                return now;
            }

            if (IsFault(status.StopSignal))
            {
                throw new LazyRestoreException(
                    FailureReason.Failed, $"the runner in thread {Tid} faulted with signal {status.StopSignal} at 0x{now.rip:x}");
            }

            _withheldSignals.Add(status.StopSignal);
        }
    }

    /// <summary>
    /// Makes a single system call at a <c>syscall</c> instruction, with all signals blocked; no other instruction is executed. It is
    /// followed from its entry to its exit, which needs no signal and so leaves no trace in the process.
    /// </summary>
    /// <param name="registers">The call's registers.</param>
    /// <param name="interrupt">Interrupt the call as soon as it has been entered.</param>
    /// <returns>The registers after the call.</returns>
    internal UserRegisters CallBorrowed(UserRegisters registers, bool interrupt = false)
    {
        Borrow();
        SetForeign(registers);
        WaitForCallBorder();
        Request(Interop.PTRACE_SYSCALL, 0, null);
        if (interrupt)
        {
            Interrupt();
        }

        WaitForStop(status => status.StopSignal == SyscallStop);
        UserRegisters after = Registers;

        // On to where a system call of the thread's own can be restarted: the stop of an interrupt.
        Interrupt();
        Resume();
        WaitForStop(status => status.Event == Interop.PTRACE_EVENT_STOP);
        return after;
    }

    /// <summary>Gives the thread its own registers and signal mask back.</summary>
    internal void GiveBack()
    {
        if (_borrowed)
        {
            Registers = _ownRegisters;
            SignalMask = _ownSignalMask;
            _borrowed = false;
        }
    }

    /// <summary>The registers that the thread will go on with, whatever it runs at the moment.</summary>
    public UserRegisters OwnRegisters => _borrowed ? _ownRegisters : Registers;

    /// <summary>The signal mask that the thread will go on with.</summary>
    public ulong OwnSignalMask => _borrowed ? _ownSignalMask : SignalMask;

    /// <summary>Replaces what the thread will go on with.</summary>
    internal void SetOwn(in UserRegisters registers, ulong signalMask)
    {
        _borrowed = false;
        Registers = registers;
        SignalMask = signalMask;
    }

    /// <summary>Lets go of the thread with the registers it has now, all signals blocked.</summary>
    internal void DetachAsIs()
    {
        _borrowed = false;
        SignalMask = ulong.MaxValue;
        Request(Interop.PTRACE_DETACH, 0, null);
    }

    private static bool IsFault(int signal) => signal is 4 or 7 or 8 or 11 or 31;

    private static ulong Bit(int signal) => 1UL << (signal - 1);

    private void Borrow()
    {
        if (!_borrowed)
        {
            _ownRegisters = Registers;
            _ownSignalMask = SignalMask;
            _borrowed = true;
            SignalMask = ~Bit(EndSignal);
        }
    }

    private void SetForeign(UserRegisters registers)
    {
        // No system call is to be restarted on behalf of these registers.
        registers.orig_rax = ulong.MaxValue;
        Registers = registers;
    }

    private void WaitForCallBorder()
    {
        Request(Interop.PTRACE_SYSCALL, 0, null);
        WaitForStop(status => status.StopSignal == SyscallStop);
    }

    private void WaitForStop(Func<StopStatus, bool> wanted)
    {
        for (StopStatus status = Wait(); !wanted(status); status = Wait())
        {
            if (status.Event == 0)
            {
                _withheldSignals.Add(status.StopSignal);
            }

            Request(Interop.PTRACE_SYSCALL, 0, null);
        }
    }
}
