using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Tools.Dump.State;

/// <summary>What only the process itself can be asked for.</summary>
public sealed record ProcessAnswers
{
    private const int PR_GET_DUMPABLE = 3;
    private const int PR_GET_CHILD_SUBREAPER = 37;
    private const int PR_GET_THP_DISABLE = 42;
    private const int MEMBARRIER_CMD_GET_REGISTRATIONS = 1 << 9;
    private const int MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 1 << 4;
    private const int LastSignal = 64;
    private const int SigactionSize = 32;
    private const int IntervalTimers = 3;

    /// <summary>brk(2).</summary>
    public required ulong Brk { get; init; }

    /// <summary>PR_GET_DUMPABLE.</summary>
    public required int Dumpable { get; init; }

    /// <summary>PR_GET_CHILD_SUBREAPER.</summary>
    public required bool ChildSubreaper { get; init; }

    /// <summary>PR_GET_THP_DISABLE.</summary>
    public required bool HugePagesDisabled { get; init; }

    /// <summary>What it has registered for with membarrier(2).</summary>
    public required int MemoryBarriers { get; init; }

    /// <summary>Dispositions that are not the default.</summary>
    public required IReadOnlyList<SignalAction> SignalActions { get; init; }

    /// <summary>Interval timers that are armed.</summary>
    public required IReadOnlyList<IntervalTimer> Intervals { get; init; }

    /// <summary>POSIX timers with their times.</summary>
    public required IReadOnlyList<PosixTimer> Timers { get; init; }

    /// <summary>Asks the process by one program.</summary>
    /// <param name="runner">The runner in the process.</param>
    /// <param name="leader">The thread that answers.</param>
    /// <param name="timers">The POSIX timers, whose times are not known yet.</param>
    public static ProcessAnswers Ask(RemoteRunner runner, Tracee leader, IReadOnlyList<PosixTimer> timers)
    {
        SystemCallProgram program = new SystemCallProgram().About("process state");
        CallResultRef brk = program.Call(SystemCall.brk, 0);
        CallResultRef dumpable = program.Call(SystemCall.prctl, PR_GET_DUMPABLE);
        DataRef subreaper = program.Reserve(sizeof(int));
        program.Call(SystemCall.prctl, PR_GET_CHILD_SUBREAPER, subreaper);
        CallResultRef hugePages = program.Call(SystemCall.prctl, PR_GET_THP_DISABLE);

        CallResultRef barriers = program.Try(SystemCall.membarrier, MEMBARRIER_CMD_GET_REGISTRATIONS, 0, 0);

        DataRef actions = program.Reserve(LastSignal * SigactionSize);
        for (int signal = 1; signal <= LastSignal; signal++)
        {
            program.Call(SystemCall.rt_sigaction, signal, 0, At(actions, signal - 1, SigactionSize), sizeof(ulong));
        }

        DataRef intervals = program.Reserve(IntervalTimers * 32);
        for (int which = 0; which < IntervalTimers; which++)
        {
            program.Call(SystemCall.getitimer, which, At(intervals, which, 32));
        }

        DataRef times = program.Reserve(timers.Count * 32);
        for (int i = 0; i < timers.Count; i++)
        {
            program.Call(SystemCall.timer_gettime, timers[i].Id, At(times, i, 32));
        }

        ProgramResult result = runner.Run(leader, program);
        result.ThrowIfStopped();
        return new ProcessAnswers
        {
            Brk = (ulong)result[brk],
            Dumpable = (int)result[dumpable],
            ChildSubreaper = BinaryPrimitives.ReadInt32LittleEndian(result.Bytes(subreaper)) != 0,
            HugePagesDisabled = result[hugePages] != 0,

            // Before Linux 6.3 nobody tells; to be registered and not to need it costs nothing.
            MemoryBarriers = result[barriers] >= 0 ? (int)result[barriers] : MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
            SignalActions = ReadActions(result, actions),
            Intervals = ReadIntervals(result, intervals),
            Timers = [.. timers.Select((timer, index) => WithTimes(timer, result, At(times, index, 32)))],
        };
    }

    private static List<SignalAction> ReadActions(ProgramResult result, DataRef actions)
    {
        // struct sigaction of the kernel: handler, flags, restorer, mask.
        List<SignalAction> list = [];
        for (int signal = 1; signal <= LastSignal; signal++)
        {
            DataRef one = At(actions, signal - 1, SigactionSize);
            SignalAction action = new(signal, result.Word(one), result.Word(one, 1), result.Word(one, 2), result.Word(one, 3));
            if (action != new SignalAction(signal, 0, 0, 0, 0))
            {
                list.Add(action);
            }
        }

        return list;
    }

    private static List<IntervalTimer> ReadIntervals(ProgramResult result, DataRef intervals)
    {
        // struct itimerval: the interval first, then the value, each in seconds and microseconds.
        List<IntervalTimer> list = [];
        for (int which = 0; which < IntervalTimers; which++)
        {
            DataRef one = At(intervals, which, 32);
            long interval = Scaled(result, one, 0, 1_000_000);

            // A timer that has fired stands still until its signal is taken; the signal is saved, and the timer goes on with the next period.
            long value = Scaled(result, one, 2, 1_000_000) is var left && left != 0 ? left : interval;
            if (value != 0)
            {
                list.Add(new IntervalTimer(which, value, interval));
            }
        }

        return list;
    }

    // struct itimerspec: the interval first, then the value, each in seconds and nanoseconds.
    private static PosixTimer WithTimes(PosixTimer timer, ProgramResult result, DataRef times) => timer with
    {
        IntervalNanoseconds = Scaled(result, times, 0, 1_000_000_000),
        ValueNanoseconds = Scaled(result, times, 2, 1_000_000_000),
    };

    private static long Scaled(ProgramResult result, DataRef data, int word, long perSecond) =>
        ((long)result.Word(data, word) * perSecond) + (long)result.Word(data, word + 1);

    private static DataRef At(DataRef array, int index, int size) => new(array.Offset + (index * size), size);
}
