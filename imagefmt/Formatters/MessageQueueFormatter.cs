using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class MessageQueueFormatter() : RecordFormatter<MessageQueueRecord>("message-queue")
{
    protected override void Write(ref MessagePackWriter writer, MessageQueueRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("name"u8, record.Name);
    }

    protected override MessageQueueRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Name = map.Text("name"u8, ImageLimits.Path),
    };
}
