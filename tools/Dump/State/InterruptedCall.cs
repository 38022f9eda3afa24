using System.Buffers.Binary;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Tools.Dump.State;

/// <summary>
/// A thread frozen in a system call that the kernel would go on with by restart_syscall(2): what the call was, and for a sleep
/// how long it still had to last.
/// </summary>
public static class InterruptedCall
{
    private const long RestartBlock = -516;
    private const long Interrupted = -4;

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
    /// Nanoseconds left of a relative sleep; null when the thread was not in one. The kernel has told the process itself, if the
    /// process wanted to know; otherwise all of the time asked for is taken, so a sleep may get longer but never shorter.
    /// </summary>
    public static long? SleepRemaining(int pid, in UserRegisters registers)
    {
        if ((long)registers.rax != RestartBlock)
        {
            return null;
        }

        return (SystemCall)registers.orig_rax switch
        {
            SystemCall.nanosleep => ReadTime(pid, registers.rsi, registers.rdi),
            SystemCall.clock_nanosleep => ReadTime(pid, registers.r10, registers.rdx),
            _ => null,
        };
    }

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

    private static long? ReadTime(int pid, ulong remaining, ulong requested)
    {
        Span<byte> timespec = stackalloc byte[16];
        try
        {
            ProcessMemory.Read(pid, remaining != 0 ? remaining : requested, timespec);
        }
        catch (NativeException)
        {
            return null;
        }

        long seconds = BinaryPrimitives.ReadInt64LittleEndian(timespec);
        long nanoseconds = BinaryPrimitives.ReadInt64LittleEndian(timespec[8..]);
        return seconds > long.MaxValue / 1_000_000_000 - 1 ? long.MaxValue : (seconds * 1_000_000_000) + nanoseconds;
    }
}
