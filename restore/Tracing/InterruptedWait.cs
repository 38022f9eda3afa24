using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// Undoes what a freeze does to calls that the kernel does not restart by itself: they return EINTR whenever a thread is stopped
/// (signal(7), "Interruption of system calls and library functions by stop signals"). The thread makes its call again, as if nothing had
/// happened, unless a signal is about to be delivered: then EINTR is what it must see.
/// </summary>
internal static class InterruptedWait
{
    private const long Eintr = -4;
    private const ulong SyscallLength = 2;

    internal static void RestartAll(FrozenProcess process)
    {
        ulong shared = Numbers(process.Leader.PeekSignals(shared: true));
        foreach (Tracee thread in process.Threads)
        {
            ulong pending = shared | Numbers(thread.PeekSignals(shared: false));
            thread.AvoidEndSignals(pending);
            UserRegisters registers = thread.Registers;
            if ((long)registers.rax == Eintr && IsWait((SystemCall)registers.orig_rax) && (pending & ~thread.SignalMask) == 0)
            {
                registers.rax = registers.orig_rax;
                registers.rip -= SyscallLength;
                registers.orig_rax = ulong.MaxValue;
                thread.Registers = registers;
            }
        }
    }

    private static ulong Numbers(IReadOnlyList<byte[]> signals)
    {
        ulong numbers = 0;
        foreach (byte[] info in signals)
        {
            numbers |= 1UL << (BitConverter.ToInt32(info) - 1);
        }

        return numbers;
    }

    private static bool IsWait(SystemCall call) => call is
        SystemCall.epoll_wait or SystemCall.epoll_pwait or SystemCall.epoll_pwait2 or SystemCall.rt_sigtimedwait
        or SystemCall.semop or SystemCall.semtimedop or SystemCall.io_getevents
        or SystemCall.accept or SystemCall.accept4 or SystemCall.connect or SystemCall.recvfrom or SystemCall.recvmsg or SystemCall.recvmmsg
        or SystemCall.sendto or SystemCall.sendmsg;
}
