using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class PosixTimerFormat
{
    public static void Write(ref MessagePackWriter writer, PosixTimer timer)
    {
        writer.WriteMapHeader(8);
        writer.Field("id"u8, timer.Id);
        writer.Field("clock"u8, timer.Clock);
        writer.Field("notify"u8, timer.Notify);
        writer.Field("signal"u8, timer.Signal);
        writer.Field("signal-value"u8, timer.SignalValue);
        writer.Field("thread-id"u8, timer.ThreadId);
        writer.Field("value"u8, timer.ValueNanoseconds);
        writer.Field("interval"u8, timer.IntervalNanoseconds);
    }

    public static PosixTimer Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 0),
        Clock = map.Int32("clock"u8),
        Notify = map.Bits("notify"u8, 7),
        Signal = map.Int32("signal"u8, 0, 64),
        SignalValue = map.UInt64("signal-value"u8),
        ThreadId = map.Int32("thread-id"u8, 0),
        ValueNanoseconds = map.Int64("value"u8, 0),
        IntervalNanoseconds = map.Int64("interval"u8, 0),
    };
}
