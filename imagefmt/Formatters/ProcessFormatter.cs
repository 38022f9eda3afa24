using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class ProcessFormatter() : RecordFormatter<ProcessRecord>("process")
{
    private const int AllBarriers = 0x154; // MEMBARRIER_CMD_REGISTER_*

    protected override void Write(ref MessagePackWriter writer, ProcessRecord record)
    {
        writer.WriteMapHeader(18 + (record.MemoryBarriers != 0 ? 1 : 0) + (record.Space != 0 ? 1 : 0) + (record.StopSignal != 0 ? 1 : 0) + (record.Terminal != 0 ? 1 : 0));
        writer.Field("pid"u8, record.Pid);
        writer.Field("parent-pid"u8, record.ParentPid);
        writer.Field("process-group"u8, record.ProcessGroup);
        writer.Field("session"u8, record.Session);
        writer.Field("executable"u8, record.Executable);
        writer.Field("working-directory"u8, record.WorkingDirectory);
        writer.Field("root-directory"u8, record.RootDirectory);
        writer.Field("umask"u8, record.Umask);
        writer.Field("personality"u8, record.Personality);
        writer.Field("dumpable"u8, record.Dumpable);
        writer.Field("child-subreaper"u8, record.ChildSubreaper);
        writer.Field("huge-pages-disabled"u8, record.HugePagesDisabled);
        writer.Field("oom-score-adjustment"u8, record.OomScoreAdjustment);
        writer.Field("limits"u8, record.Limits, LimitFormat.Write);
        writer.Field("signal-actions"u8, record.SignalActions, SignalActionFormat.Write);
        writer.Field("pending-signals"u8, record.PendingSignals);
        writer.Field("interval-timers"u8, record.IntervalTimers, IntervalTimerFormat.Write);
        writer.Field("posix-timers"u8, record.PosixTimers, PosixTimerFormat.Write);
        if (record.MemoryBarriers != 0)
        {
            writer.Field("memory-barriers"u8, record.MemoryBarriers);
        }

        if (record.Space != 0)
        {
            writer.Field("space"u8, record.Space);
        }

        if (record.StopSignal != 0)
        {
            writer.Field("stop-signal"u8, record.StopSignal);
        }

        if (record.Terminal != 0)
        {
            writer.Field("terminal"u8, record.Terminal);
        }
    }

    protected override ProcessRecord Read(ref MapReader map) => new()
    {
        Pid = map.Int32("pid"u8, 1),
        ParentPid = map.Int32("parent-pid"u8, 0),
        ProcessGroup = map.Int32("process-group"u8, 0),
        Session = map.Int32("session"u8, 0),
        Executable = map.Text("executable"u8, ImageLimits.Path),
        WorkingDirectory = map.Text("working-directory"u8, ImageLimits.Path),
        RootDirectory = map.Text("root-directory"u8, ImageLimits.Path),
        Umask = map.Bits("umask"u8, 0x1ff),
        Personality = map.UInt32("personality"u8),
        Dumpable = map.Int32("dumpable"u8, 0, 2),
        ChildSubreaper = map.Boolean("child-subreaper"u8),
        HugePagesDisabled = map.Boolean("huge-pages-disabled"u8),
        OomScoreAdjustment = map.Int32("oom-score-adjustment"u8, -1000, 1000),
        Limits = map.MapList("limits"u8, 64, LimitFormat.Read),
        SignalActions = map.MapList("signal-actions"u8, 64, SignalActionFormat.Read),
        PendingSignals = map.BytesList("pending-signals"u8, 128, 128),
        IntervalTimers = map.MapList("interval-timers"u8, 3, IntervalTimerFormat.Read),
        PosixTimers = map.MapList("posix-timers"u8, ImageLimits.List, PosixTimerFormat.Read),
        MemoryBarriers = map.Has("memory-barriers"u8) ? map.Bits("memory-barriers"u8, AllBarriers) : 0,
        Space = map.Int32OrZero("space"u8, int.MaxValue),
        StopSignal = map.Int32OrZero("stop-signal"u8, 64),
        Terminal = map.Int32OrZero("terminal"u8, int.MaxValue),
    };
}
