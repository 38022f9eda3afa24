using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>Plans dispositions, timers and pending signals. It runs with all signals blocked.</summary>
internal static class SignalPlan
{
    private const int SignalCount = 64;
    private const int SignalSetSize = 8;
    private const int SigKill = 9;
    private const int SigStop = 19;
    private const int PrTimerCreateRestoreIds = 77;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long MicrosecondsPerSecond = 1_000_000;

    /// <summary>Sets every disposition: the restorer's own ignored signals must not remain.</summary>
    internal static void AddActions(SystemCallProgram program, IReadOnlyList<SignalAction> actions)
    {
        DataRef byDefault = program.Words(0, 0, 0, 0);
        for (int signal = 1; signal <= SignalCount; signal++)
        {
            if (signal is SigKill or SigStop)
            {
                continue;
            }

            program.About($"disposition of signal {signal}");
            SignalAction? action = actions.Where(action => action.Signal == signal).Select(action => (SignalAction?)action).FirstOrDefault();
            DataRef structure = action is { } own ? program.Words(own.Handler, own.Flags, own.Restorer, own.Mask) : byDefault;
            program.Call(SystemCall.rt_sigaction, signal, structure, 0, SignalSetSize);
        }
    }

    /// <summary>Queues the signals of the process again with their siginfo.</summary>
    internal static void AddShared(SystemCallProgram program, int pid, IReadOnlyList<ReadOnlyMemory<byte>> signals)
    {
        program.About("pending signals of the process");
        foreach (ReadOnlyMemory<byte> info in signals)
        {
            program.Call(SystemCall.rt_sigqueueinfo, pid, SignalOf(info), program.Data(info.Span));
        }
    }

    /// <summary>Queues a thread's own signals again. Only the thread itself may queue those that the kernel or tkill(2) sent.</summary>
    internal static void AddOwn(SystemCallProgram program, int pid, int tid, IReadOnlyList<ReadOnlyMemory<byte>> signals)
    {
        program.About($"pending signals of thread {tid}");
        foreach (ReadOnlyMemory<byte> info in signals)
        {
            program.Call(SystemCall.rt_tgsigqueueinfo, pid, tid, SignalOf(info), program.Data(info.Span));
        }
    }

    /// <summary>Arms interval and POSIX timers with what remained of them.</summary>
    /// <param name="program">Where the calls go.</param>
    /// <param name="process">The timers.</param>
    /// <param name="tidOf">The thread ID here of a thread of the image.</param>
    internal static void AddTimers(SystemCallProgram program, ProcessRecord process, Func<int, int> tidOf)
    {
        foreach (IntervalTimer timer in process.IntervalTimers)
        {
            program.About($"interval timer {timer.Which}");
            (ulong intervalSeconds, ulong intervalRest) = Split(timer.IntervalMicroseconds, MicrosecondsPerSecond);
            (ulong seconds, ulong rest) = Split(timer.ValueMicroseconds, MicrosecondsPerSecond);
            program.Call(SystemCall.setitimer, timer.Which, program.Words(intervalSeconds, intervalRest, seconds, rest), 0);
        }

        if (process.PosixTimers.Count == 0)
        {
            return;
        }

        program.About("timer IDs").Call(SystemCall.prctl, PrTimerCreateRestoreIds, 1, 0, 0, 0);
        foreach (PosixTimer timer in process.PosixTimers)
        {
            AddPosixTimer(program, timer, tidOf);
        }

        program.About("timer IDs").Call(SystemCall.prctl, PrTimerCreateRestoreIds, 0, 0, 0, 0);
    }

    private static void AddPosixTimer(SystemCallProgram program, PosixTimer timer, Func<int, int> tidOf)
    {
        const int SigeventSize = 64;
        program.About($"timer {timer.Id}");
        Span<byte> sigevent = stackalloc byte[SigeventSize];
        sigevent.Clear();
        BitConverter.TryWriteBytes(sigevent, timer.SignalValue);
        BitConverter.TryWriteBytes(sigevent[8..], timer.Signal);
        BitConverter.TryWriteBytes(sigevent[12..], timer.Notify);
        BitConverter.TryWriteBytes(sigevent[16..], timer.ThreadId == 0 ? 0 : tidOf(timer.ThreadId));
        program.Call(SystemCall.timer_create, timer.Clock, program.Data(sigevent), program.Words((ulong)timer.Id));
        if (timer.ValueNanoseconds != 0)
        {
            (ulong intervalSeconds, ulong intervalRest) = Split(timer.IntervalNanoseconds, NanosecondsPerSecond);
            (ulong seconds, ulong rest) = Split(timer.ValueNanoseconds, NanosecondsPerSecond);
            program.Call(SystemCall.timer_settime, timer.Id, 0, program.Words(intervalSeconds, intervalRest, seconds, rest), 0);
        }
    }

    private static (ulong Whole, ulong Fraction) Split(long value, long unit) => ((ulong)(value / unit), (ulong)(value % unit));

    private static int SignalOf(ReadOnlyMemory<byte> info) => BitConverter.ToInt32(info.Span);
}
