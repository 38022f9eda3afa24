using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class LimitFormat
{
    public static void Write(ref MessagePackWriter writer, ResourceLimit limit)
    {
        writer.WriteMapHeader(3);
        writer.Field("resource"u8, limit.Resource);
        writer.Field("soft"u8, limit.Soft);
        writer.Field("hard"u8, limit.Hard);
    }

    public static ResourceLimit Read(ref MapReader map) => new(
        Resource: map.Int32("resource"u8, 0, 63),
        Soft: map.UInt64("soft"u8),
        Hard: map.UInt64("hard"u8));
}
