using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class InotifyFormatter() : RecordFormatter<InotifyRecord>("inotify")
{
    protected override void Write(ref MessagePackWriter writer, InotifyRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("watches"u8, record.Watches, InotifyWatchFormat.Write);
    }

    protected override InotifyRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Watches = map.MapList("watches"u8, ImageLimits.List, InotifyWatchFormat.Read),
    };
}
