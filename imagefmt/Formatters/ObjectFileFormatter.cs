using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class ObjectFileFormatter() : RecordFormatter<ObjectFileRecord>("object-file")
{
    protected override void Write(ref MessagePackWriter writer, ObjectFileRecord record)
    {
        writer.WriteMapHeader(4);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("object"u8, record.ObjectId);
        writer.Field("offset"u8, record.Offset);
    }

    protected override ObjectFileRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        ObjectId = map.Int32("object"u8, 1),
        Offset = map.Int64("offset"u8, 0),
    };
}
