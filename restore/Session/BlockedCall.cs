using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Makes a thread that was frozen inside a system call go on in it, as the kernel would after a signal without handler
/// (signal(7), restart_syscall(2)).
/// </summary>
internal static class BlockedCall
{
    private const ulong SyscallLength = 2;
    private const long Eintr = -4;
    private const long RestartSys = -512;
    private const long RestartNoIntr = -513;
    private const long RestartNoHand = -514;
    private const long RestartBlock = -516;
    private const ulong NoCall = ulong.MaxValue;

    /// <summary>Whether what is left of a timeout has to be handed to the kernel before the thread goes on.</summary>
    internal static bool HasTimeout(ThreadRecord thread, in UserRegisters registers) =>
        (long)registers.rax == RestartBlock
        && (SystemCall)registers.orig_rax is SystemCall.nanosleep or SystemCall.clock_nanosleep or SystemCall.poll or SystemCall.futex
        && thread.SleepRemainingNanoseconds is not null;

    /// <summary>The registers with which the thread makes its call again, with the same arguments.</summary>
    internal static UserRegisters Again(UserRegisters registers)
    {
        if (registers.orig_rax == NoCall || (long)registers.rax is not (RestartSys or RestartNoIntr or RestartNoHand or RestartBlock))
        {
            return registers;
        }

        if (registers.orig_rax == (ulong)SystemCall.restart_syscall)
        {
            // What the kernel itself answers when it no longer knows what to restart.
            registers.rax = unchecked((ulong)Eintr);
        }
        else
        {
            registers.rax = registers.orig_rax;
            registers.rip -= SyscallLength;
        }

        registers.orig_rax = NoCall;
        return registers;
    }

    /// <summary>
    /// Lets the thread enter its call again for what remains of the timeout and interrupts it there: the kernel then holds the restart
    /// block of that call, and the thread's own registers, put back after, make it restart from the block.
    /// </summary>
    /// <returns>The registers to go on with: those, or where the call is over already, its end.</returns>
    internal static UserRegisters Reenter(Tracee thread, RemoteRunner runner, ThreadRecord record, in UserRegisters own)
    {
        const long NanosecondsPerSecond = 1_000_000_000;
        const long NanosecondsPerMillisecond = 1_000_000;
        long remaining = record.SleepRemainingNanoseconds!.Value;
        ulong time = runner.Place([(ulong)(remaining / NanosecondsPerSecond), (ulong)(remaining % NanosecondsPerSecond)]);
        UserRegisters registers = own;
        registers.rax = own.orig_rax;
        registers.rip = runner.SyscallInstruction;
        switch ((SystemCall)own.orig_rax)
        {
            case SystemCall.nanosleep:
                registers.rdi = time;
                break;
            case SystemCall.poll:
                registers.rdx = (ulong)Math.Min(int.MaxValue, (remaining + NanosecondsPerMillisecond - 1) / NanosecondsPerMillisecond);
                break;
            case SystemCall.futex:
                registers.r10 = time;
                break;
            default:
                registers.rdx = time;
                break;
        }

        UserRegisters after = thread.CallBorrowed(registers, interrupt: true);
        if ((long)after.rax == RestartBlock)
        {
            return own;
        }

        UserRegisters over = own;
        over.rax = after.rax;
        over.orig_rax = NoCall;
        return over;
    }
}
