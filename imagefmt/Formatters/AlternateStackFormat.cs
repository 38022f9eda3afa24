using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class AlternateStackFormat
{
    public static void Write(ref MessagePackWriter writer, AlternateStack stack)
    {
        writer.WriteMapHeader(3);
        writer.Field("address"u8, stack.Address);
        writer.Field("flags"u8, stack.Flags);
        writer.Field("size"u8, stack.Size);
    }

    public static AlternateStack Read(MapReader map) => new(
        Address: map.UInt64("address"u8),
        Flags: map.Int32("flags"u8),
        Size: map.UInt64("size"u8));
}
