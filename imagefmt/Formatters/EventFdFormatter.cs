using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class EventFdFormatter() : RecordFormatter<EventFdRecord>("eventfd")
{
    protected override void Write(ref MessagePackWriter writer, EventFdRecord record)
    {
        writer.WriteMapHeader(4);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("count"u8, record.Count);
        writer.Field("semaphore"u8, record.Semaphore);
    }

    protected override EventFdRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Count = map.UInt64("count"u8),
        Semaphore = map.Boolean("semaphore"u8),
    };
}
