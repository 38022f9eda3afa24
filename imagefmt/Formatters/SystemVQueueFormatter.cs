using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class SystemVQueueFormatter() : RecordFormatter<SystemVQueueRecord>("system-v-queue")
{
    protected override void Write(ref MessagePackWriter writer, SystemVQueueRecord record)
    {
        writer.WriteMapHeader(5);
        writer.Field("identity"u8, record.Identity, SystemVIdentityFormat.Write);
        writer.Field("most-bytes"u8, record.MostBytes);
        writer.Field("last-sender"u8, record.LastSender);
        writer.Field("last-receiver"u8, record.LastReceiver);
        writer.Field("messages"u8, record.Messages, WriteMessage);
    }

    protected override SystemVQueueRecord Read(ref MapReader map) => new()
    {
        Identity = SystemVIdentityFormat.Read(ref map),
        MostBytes = map.Int64("most-bytes"u8, 0),
        LastSender = map.Int32("last-sender"u8, 0),
        LastReceiver = map.Int32("last-receiver"u8, 0),
        Messages = map.MapList("messages"u8, ImageLimits.List, ReadMessage),
    };

    private static void WriteMessage(ref MessagePackWriter writer, SystemVMessage message)
    {
        writer.WriteMapHeader(2);
        writer.Field("type"u8, message.Type);
        writer.Field("content"u8, message.Content);
    }

    private static SystemVMessage ReadMessage(ref MapReader map) => new(
        Type: map.Int64("type"u8, 1),
        Content: map.Bytes("content"u8, ImageLimits.Content));
}
