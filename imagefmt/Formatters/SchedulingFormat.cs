using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class SchedulingFormat
{
    public static void Write(ref MessagePackWriter writer, SchedulingAttributes scheduling)
    {
        writer.WriteMapHeader(7);
        writer.Field("policy"u8, scheduling.Policy);
        writer.Field("flags"u8, scheduling.Flags);
        writer.Field("nice"u8, scheduling.Nice);
        writer.Field("priority"u8, scheduling.Priority);
        writer.Field("runtime"u8, scheduling.Runtime);
        writer.Field("deadline"u8, scheduling.Deadline);
        writer.Field("period"u8, scheduling.Period);
    }

    public static SchedulingAttributes Read(MapReader map) => new(
        Policy: map.UInt32("policy"u8),
        Flags: map.UInt64("flags"u8),
        Nice: map.Int32("nice"u8, -20, 19),
        Priority: map.UInt32("priority"u8),
        Runtime: map.UInt64("runtime"u8),
        Deadline: map.UInt64("deadline"u8),
        Period: map.UInt64("period"u8));
}
