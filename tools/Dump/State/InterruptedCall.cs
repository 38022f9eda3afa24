using System.Buffers.Binary;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Tools.Dump.State;

/// <summary>
/// A thread frozen in a system call that the kernel would go on with by restart_syscall(2): what the call was, and
/// how long it still had to last.
/// </summary>
public static class InterruptedCall
{
    private const long RestartBlock = -516;
    private const long Interrupted = -4;

    /// <summary>Whether a thread was frozen in such a call.</summary>
    public static bool IsIn(in UserRegisters registers) => (long)registers.rax == RestartBlock;

    /// <summary>
    /// The registers with the number of the call that was interrupted. A call that was interrupted twice has restart_syscall in its
    /// place; which one it was shows where in the kernel the thread was before it was frozen. When that does not tell, the
    /// call returns EINTR: it must not be taken for another.
    /// </summary>
    /// <param name="registers">The registers at the freeze.</param>
    /// <param name="kernelStack">/proc/TID/stack shortly before.</param>
    public static UserRegisters Name(UserRegisters registers, string kernelStack)
    {
        if ((long)registers.rax != RestartBlock || (long)registers.orig_rax != (long)SystemCall.restart_syscall)
        {
            return registers;
        }

        if (Find(registers, kernelStack) is { } call)
        {
            registers.orig_rax = (ulong)call;
        }
        else
        {
            registers.rax = unchecked((ulong)Interrupted);
            registers.orig_rax = ulong.MaxValue;
        }

        return registers;
    }

    /// <summary>
    /// Nanoseconds left of a call with a relative timeout; null when the thread was not in one. When the process wanted to know, the
    /// kernel has told it; otherwise it is the time asked for less the time that the thread had been waiting, so a wait may get
    /// longer but never shorter.
    /// </summary>
    /// <param name="pid">The process.</param>
    /// <param name="registers">The registers at the freeze.</param>
    /// <param name="blocked">For how many nanoseconds the thread had been waiting, at least.</param>
    public static long? TimeRemaining(int pid, in UserRegisters registers, long blocked)
    {
        const int FutexWait = 0;
        const int FutexCommandMask = 0x7f;
        if ((long)registers.rax != RestartBlock)
        {
            return null;
        }

        return (SystemCall)registers.orig_rax switch
        {
            SystemCall.nanosleep => SleepRemaining(pid, registers.rsi, registers.rdi, blocked),
            SystemCall.clock_nanosleep => SleepRemaining(pid, registers.r10, registers.rdx, blocked),
            SystemCall.poll when (int)registers.rdx > 0 => Less((int)registers.rdx * 1_000_000L, blocked),
            SystemCall.futex when ((int)registers.rsi & FutexCommandMask) == FutexWait && registers.r10 != 0 =>
                Less(ReadTime(pid, registers.r10), blocked),
            _ => null,
        };
    }

    private static long? SleepRemaining(int pid, ulong remaining, ulong requested, long blocked) =>
        remaining != 0 ? ReadTime(pid, remaining) : Less(ReadTime(pid, requested), blocked);

    private static long? Less(long? time, long blocked) => time is { } known ? Math.Max(1, known - blocked) : null;

    private static SystemCall? Find(in UserRegisters registers, string kernelStack)
    {
        // The functions that a restarted call goes through. That of a sleep counts as part of the scheduler, which stacks leave out.
        const string System = "do_syscall_64";
        if (kernelStack.Contains("do_restart_poll"))
        {
            return SystemCall.poll;
        }

        if (kernelStack.Contains("futex_wait_restart"))
        {
            return SystemCall.futex;
        }

        bool alarm = kernelStack.Contains("alarm_timer_nsleep_restart");
        string innermost = kernelStack.Split('\n')[0];
        if (!alarm && !innermost.Contains(System) && !innermost.Contains("hrtimer_nanosleep"))
        {
            return null;
        }

        // The first argument of clock_nanosleep is a small number, that of nanosleep an address.
        const ulong FirstAddress = 4096;
        return registers.rdi < FirstAddress ? SystemCall.clock_nanosleep : SystemCall.nanosleep;
    }

    private static long? ReadTime(int pid, ulong address)
    {
        Span<byte> timespec = stackalloc byte[16];
        try
        {
            ProcessMemory.Read(pid, address, timespec);
        }
        catch (NativeException)
        {
            return null;
        }

        long seconds = BinaryPrimitives.ReadInt64LittleEndian(timespec);
        long nanoseconds = BinaryPrimitives.ReadInt64LittleEndian(timespec[8..]);
        if (seconds < 0 || nanoseconds is < 0 or >= 1_000_000_000)
        {
            // Another thread has written over it since.
            return null;
        }

        return seconds > long.MaxValue / 1_000_000_000 - 1 ? long.MaxValue : (seconds * 1_000_000_000) + nanoseconds;
    }
}
