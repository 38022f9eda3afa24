using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class TimerFdFormatter() : RecordFormatter<TimerFdRecord>("timerfd")
{
    protected override void Write(ref MessagePackWriter writer, TimerFdRecord record)
    {
        writer.WriteMapHeader(7);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("clock"u8, record.Clock);
        writer.Field("value"u8, record.ValueNanoseconds);
        writer.Field("interval"u8, record.IntervalNanoseconds);
        writer.Field("ticks"u8, record.Ticks);
        writer.Field("set-time-flags"u8, record.SetTimeFlags);
    }

    protected override TimerFdRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Clock = map.Int32("clock"u8),
        ValueNanoseconds = map.Int64("value"u8, 0),
        IntervalNanoseconds = map.Int64("interval"u8, 0),
        Ticks = map.UInt64("ticks"u8),
        SetTimeFlags = map.Int32("set-time-flags"u8),
    };
}
