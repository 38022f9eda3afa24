using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class ThreadFormatter() : RecordFormatter<ThreadRecord>("thread")
{
    /// <summary>sizeof(struct user_regs_struct).</summary>
    private const int RegistersLength = 216;

    protected override void Write(ref MessagePackWriter writer, ThreadRecord record)
    {
        writer.WriteMapHeader(record.Seccomp is null ? 18 : 19);
        writer.Field("tid"u8, record.Tid);
        writer.Field("name"u8, record.Name);
        writer.Field("registers"u8, record.Registers);
        writer.Field("extended-state"u8, record.ExtendedState);
        writer.Field("signal-mask"u8, record.SignalMask);
        writer.Field("pending-signals"u8, record.PendingSignals);
        writer.Field("alternate-stack"u8, record.AlternateStack, AlternateStackFormat.Write);
        writer.Field("clear-tid-address"u8, record.ClearTidAddress);
        writer.Field("robust-list-head"u8, record.RobustListHead);
        writer.Field("robust-list-length"u8, record.RobustListLength);
        writer.Field("rseq"u8, record.Rseq, RseqFormat.Write);
        writer.Field("scheduling"u8, record.Scheduling, SchedulingFormat.Write);
        writer.Field("affinity"u8, record.Affinity);
        writer.Field("io-priority"u8, record.IoPriority);
        writer.Field("timer-slack"u8, record.TimerSlackNanoseconds);
        writer.Field("parent-death-signal"u8, record.ParentDeathSignal);
        writer.Field("credentials"u8, record.Credentials, CredentialsFormat.Write);
        writer.Field("sleep-remaining"u8, record.SleepRemainingNanoseconds, WriteOptional);
        if (record.Seccomp is not null)
        {
            writer.Field("seccomp"u8, record.Seccomp, SeccompFormat.Write);
        }
    }

    protected override ThreadRecord Read(ref MapReader map) => new()
    {
        Tid = map.Int32("tid"u8, 1),
        Name = map.Text("name"u8, ImageLimits.Name),
        Registers = map.Bytes("registers"u8, RegistersLength, RegistersLength),
        ExtendedState = map.Bytes("extended-state"u8, ImageLimits.ExtendedState),
        SignalMask = map.UInt64("signal-mask"u8),
        PendingSignals = map.BytesList("pending-signals"u8, 128, 128),
        AlternateStack = AlternateStackFormat.Read(map.Map("alternate-stack"u8)),
        ClearTidAddress = map.UInt64("clear-tid-address"u8),
        RobustListHead = map.UInt64("robust-list-head"u8),
        RobustListLength = map.UInt64("robust-list-length"u8),
        Rseq = map.IsNil("rseq"u8) ? null : RseqFormat.Read(map.Map("rseq"u8)),
        Scheduling = SchedulingFormat.Read(map.Map("scheduling"u8)),
        Affinity = map.Bytes("affinity"u8, ImageLimits.Affinity),
        IoPriority = map.Int32("io-priority"u8),
        TimerSlackNanoseconds = map.UInt64("timer-slack"u8),
        ParentDeathSignal = map.Int32("parent-death-signal"u8, 0, 64),
        Credentials = CredentialsFormat.Read(map.Map("credentials"u8)),
        SleepRemainingNanoseconds = map.IsNil("sleep-remaining"u8) ? null : map.Int64("sleep-remaining"u8, 0),
        Seccomp = map.Has("seccomp"u8) ? SeccompFormat.Read(map.Map("seccomp"u8)) : null,
    };

    private static void WriteOptional(ref MessagePackWriter writer, long? value)
    {
        if (value is { } number)
        {
            writer.Write(number);
        }
        else
        {
            writer.WriteNil();
        }
    }
}
