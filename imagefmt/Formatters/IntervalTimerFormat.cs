using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class IntervalTimerFormat
{
    public static void Write(ref MessagePackWriter writer, IntervalTimer timer)
    {
        writer.WriteMapHeader(3);
        writer.Field("which"u8, timer.Which);
        writer.Field("value"u8, timer.ValueMicroseconds);
        writer.Field("interval"u8, timer.IntervalMicroseconds);
    }

    public static IntervalTimer Read(ref MapReader map) => new(
        Which: map.Int32("which"u8, 0, 2),
        ValueMicroseconds: map.Int64("value"u8, 0),
        IntervalMicroseconds: map.Int64("interval"u8, 0));
}
