using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class PipeFormatter() : RecordFormatter<PipeRecord>("pipe")
{
    protected override void Write(ref MessagePackWriter writer, PipeRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("pipe-id"u8, record.PipeId);
        writer.Field("write-end"u8, record.WriteEnd);
        writer.Field("capacity"u8, record.Capacity);
        writer.Field("content"u8, record.Content);
    }

    protected override PipeRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        PipeId = map.UInt64("pipe-id"u8),
        WriteEnd = map.Boolean("write-end"u8),
        Capacity = map.Int32("capacity"u8, 0),
        Content = map.BytesList("content"u8, 0, ImageLimits.Content),
    };
}
