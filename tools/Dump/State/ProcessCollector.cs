using System.Globalization;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.State;

/// <summary>Reads what belongs to a frozen process as a whole.</summary>
public sealed class ProcessCollector(ProcDirectory process, RemoteRunner runner, Refusals refusals)
{
    private const string DeletedSuffix = " (deleted)";

    /// <summary>The process and its memory layout.</summary>
    public (ProcessRecord Process, MemoryLayoutRecord Layout) Collect(FrozenProcess frozen)
    {
        StatText stat = StatText.Parse(process.Text("stat"));
        ProcessAnswers answers = ProcessAnswers.Ask(runner, frozen.Leader, Timers(process, refusals));
        return (Process(frozen, stat, answers, Places(process, refusals)), Layout(stat, answers.Brk));
    }

    private ProcessRecord Process(
        FrozenProcess frozen, StatText stat, ProcessAnswers answers, (string Executable, string WorkingDirectory, string RootDirectory) places) => new()
        {
            Pid = process.Pid,
            ParentPid = stat.ParentPid,
            ProcessGroup = stat.ProcessGroup,
            Session = stat.Session,
            Terminal = stat.Terminal,
            StopSignal = frozen.Leader.StopSignal,
            Executable = places.Executable,
            WorkingDirectory = places.WorkingDirectory,
            RootDirectory = places.RootDirectory,
            Umask = StatusText.Parse(process.Text("status")).Umask,
            Personality = uint.Parse(process.Text("personality").AsSpan().Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            Dumpable = answers.Dumpable,
            ChildSubreaper = answers.ChildSubreaper,
            HugePagesDisabled = answers.HugePagesDisabled,
            OomScoreAdjustment = int.Parse(process.Text("oom_score_adj"), CultureInfo.InvariantCulture),
            Limits = LimitsText.Parse(process.Text("limits")),
            SignalActions = answers.SignalActions,
            PendingSignals = [.. frozen.Leader.PeekSignals(shared: true).Select(signal => (ReadOnlyMemory<byte>)signal)],
            IntervalTimers = answers.Intervals,
            PosixTimers = answers.Timers,
            MemoryBarriers = answers.MemoryBarriers,
        };

    private MemoryLayoutRecord Layout(StatText stat, ulong brk) => new()
    {
        StartCode = stat.Code.Start,
        EndCode = stat.Code.End,
        StartData = stat.Data.Start,
        EndData = stat.Data.End,
        StartBrk = stat.StartBrk,
        Brk = brk,
        StartStack = stat.StartStack,
        ArgStart = stat.Arguments.Start,
        ArgEnd = stat.Arguments.End,
        EnvStart = stat.Environment.Start,
        EnvEnd = stat.Environment.End,
        Auxv = process.Bytes("auxv"),
    };

    /// <summary>The POSIX timers, whose times are not known yet.</summary>
    public static IReadOnlyList<PosixTimer> Timers(ProcDirectory process, Refusals refusals)
    {
        IReadOnlyList<PosixTimer> timers = TimersText.Parse(process.Text("timers"));
        foreach (PosixTimer timer in timers.Where(timer => (timer.Notify & 2) != 0))
        {
            refusals.Add($"timer {timer.Id}", UnsupportedKind.TimerThread);
        }

        return timers;
    }

    /// <summary>The executable and the directories.</summary>
    public static (string Executable, string WorkingDirectory, string RootDirectory) Places(ProcDirectory process, Refusals refusals) =>
        (LinkTo("exe", UnsupportedKind.DeletedExecutable, process, refusals),
            LinkTo("cwd", UnsupportedKind.DeletedDirectory, process, refusals),
            LinkTo("root", UnsupportedKind.DeletedDirectory, process, refusals));

    private static string LinkTo(string entry, UnsupportedKind whenGone, ProcDirectory process, Refusals refusals)
    {
        string target = process.Link(entry);
        if (FileStatus.Find(target) is not { } there || !there.IsSameFile(FileStatus.Of(process.PathOf(entry))))
        {
            refusals.Add($"process {process.Pid}", whenGone, target.EndsWith(DeletedSuffix) ? target[..^DeletedSuffix.Length] : target);
        }

        return target;
    }
}
