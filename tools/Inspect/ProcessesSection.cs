using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE processes</c>: the processes, and the limits, signal dispositions and timers of one.</summary>
internal static class ProcessesSection
{
    private static readonly Column[] s_processes =
    [
        new("pid", "PID", Right: true),
        new("parent_pid", "PPID", Right: true),
        new("process_group", "PGRP", Right: true),
        new("session", "SESSION", Right: true),
        new("state", "STATE"),
        new("threads", "THREADS", Right: true),
        new("user_id", "UID", Right: true),
        new("group_id", "GID", Right: true),
        new("name", "NAME"),
        new("executable", "EXECUTABLE"),
        new("working_directory", "WORKING DIRECTORY"),
        new("root_directory", null),
        new("umask", "UMASK", Right: true),
        new("capabilities", null),
        new("no_new_privileges", null),
        new("oom_score_adjustment", null),
        new("pending_signals", null),
    ];

    /// <summary>Lays out the processes of an image.</summary>
    /// <param name="image">Its first process.</param>
    /// <param name="process">The one whose details are told.</param>
    public static Document Of(Checkpoint image, Checkpoint process) => new()
    {
        Tables =
        [
            new Table
            {
                Name = "processes",
                Columns = s_processes,
                Rows = [.. image.Processes.Select(Process), .. image.Zombies.Select(Zombie)],
            },
            Limits(process.Process),
            Signals(process.Process),
            Timers(process.Process),
        ],
    };

    private static Value[] Process(Checkpoint checkpoint)
    {
        ProcessRecord process = checkpoint.Process;
        ThreadRecord leader = checkpoint.Threads[0];
        return
        [
            Value.Count(process.Pid),
            Value.Count(process.ParentPid),
            Value.Count(process.ProcessGroup),
            Value.Count(process.Session),
            Value.Text(process.StopSignal != 0 ? "stopped" : "running"),
            Value.Count(checkpoint.Threads.Count),
            Value.Count(leader.Credentials.UserIds[0]),
            Value.Count(leader.Credentials.GroupIds[0]),
            Value.Text(leader.Name),
            Value.Text(process.Executable),
            Value.Text(process.WorkingDirectory),
            Value.Text(process.RootDirectory),
            Value.Text("0" + Convert.ToString(process.Umask, 8)),
            Value.Address(leader.Credentials.Effective),
            Value.Flag(leader.Credentials.NoNewPrivileges),
            Value.Count(process.OomScoreAdjustment),
            Value.Count(process.PendingSignals.Count),
        ];
    }

    private static Value[] Zombie(ZombieRecord zombie) =>
    [
        Value.Count(zombie.Pid),
        Value.Count(zombie.ParentPid),
        Value.Count(zombie.ProcessGroup),
        Value.Count(zombie.Session),
        Value.Text("zombie"),
        Value.None,
        Value.None,
        Value.None,
        Value.Text(zombie.Name),
        .. Enumerable.Repeat(Value.None, 8),
    ];

    private static Table Limits(ProcessRecord process) => new()
    {
        Name = "limits",
        Title = "Resource limits",
        Columns = [new("resource", "RESOURCE"), new("soft", "SOFT", Right: true), new("hard", "HARD", Right: true)],
        Rows = [.. process.Limits.Select(limit => new[]
        {
            Value.Text(KernelNames.Resource(limit.Resource)), Limit(limit.Soft), Limit(limit.Hard),
        })],
    };

    private static Value Limit(ulong limit) => limit > long.MaxValue ? Value.Text("unlimited") : Value.Count((long)limit);

    private static Table Signals(ProcessRecord process) => new()
    {
        Name = "signals",
        Title = "Signals with a disposition of their own",
        Columns =
        [
            new("signal", "SIGNAL"), new("handler", "HANDLER"), new("flags", "FLAGS", Right: true), new("mask", "MASK", Right: true),
        ],
        Rows = [.. process.SignalActions.Select(action => new[]
        {
            Value.Text(KernelNames.Signal(action.Signal)),
            action.Handler is 1 ? Value.Text("ignored") : Value.Address(action.Handler),
            Value.Address(action.Flags),
            Value.Address(action.Mask),
        })],
    };

    private static Table Timers(ProcessRecord process) => new()
    {
        Name = "timers",
        Title = "Timers",
        Columns =
        [
            new("timer", "TIMER"),
            new("signal", "SIGNAL"),
            new("expires_us", "EXPIRES IN", Right: true),
            new("period_us", "PERIOD", Right: true),
        ],
        Rows =
        [
            .. process.IntervalTimers.Select(timer => new[]
            {
                Value.Text(KernelNames.IntervalTimer(timer.Which)),
                Value.None,
                Value.Duration(TimeSpan.FromMicroseconds(timer.ValueMicroseconds)),
                Value.Duration(TimeSpan.FromMicroseconds(timer.IntervalMicroseconds)),
            }),
            .. process.PosixTimers.Select(timer => new[]
            {
                Value.Text($"timer {timer.Id} ({KernelNames.Clock(timer.Clock)})"),
                Value.Text(timer.Notify is 1 ? null : KernelNames.Signal(timer.Signal)),
                Value.Duration(Nanoseconds(timer.ValueNanoseconds)),
                Value.Duration(Nanoseconds(timer.IntervalNanoseconds)),
            }),
        ],
    };

    private static TimeSpan Nanoseconds(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}
