using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class SocketOptionFormat
{
    public static void Write(ref MessagePackWriter writer, SocketOption option)
    {
        writer.WriteMapHeader(3);
        writer.Field("level"u8, option.Level);
        writer.Field("name"u8, option.Name);
        writer.Field("value"u8, option.Value);
    }

    public static SocketOption Read(ref MapReader map) => new(
        Level: map.Int32("level"u8),
        Name: map.Int32("name"u8),
        Value: map.Bytes("value"u8, ImageLimits.SocketOption));
}
