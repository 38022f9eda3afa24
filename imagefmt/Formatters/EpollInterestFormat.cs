using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class EpollInterestFormat
{
    public static void Write(ref MessagePackWriter writer, EpollInterest interest)
    {
        writer.WriteMapHeader(4);
        writer.Field("descriptor"u8, interest.Descriptor);
        writer.Field("file"u8, interest.FileId);
        writer.Field("events"u8, interest.Events);
        writer.Field("data"u8, interest.Data);
    }

    public static EpollInterest Read(ref MapReader map) => new(
        Descriptor: map.Int32("descriptor"u8, 0),
        FileId: map.Int32("file"u8, 1),
        Events: map.UInt32("events"u8),
        Data: map.UInt64("data"u8));
}
