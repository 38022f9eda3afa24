using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class InotifyWatchFormat
{
    public static void Write(ref MessagePackWriter writer, InotifyWatch watch)
    {
        writer.WriteMapHeader(3);
        writer.Field("number"u8, watch.Number);
        writer.Field("path"u8, watch.Path);
        writer.Field("mask"u8, watch.Mask);
    }

    public static InotifyWatch Read(ref MapReader map) => new(
        Number: map.Int32("number"u8, 1),
        Path: map.Text("path"u8, ImageLimits.Path),
        Mask: map.UInt32("mask"u8));
}
