using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class NamedPipeFormatter() : RecordFormatter<NamedPipeRecord>("named-pipe")
{
    protected override void Write(ref MessagePackWriter writer, NamedPipeRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("path"u8, record.Path);
        writer.Field("capacity"u8, record.Capacity);
        writer.Field("content"u8, record.Content);
        writer.Field("hung-up"u8, record.HungUp);
    }

    protected override NamedPipeRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Path = map.Text("path"u8, ImageLimits.Path),
        Capacity = map.Int32("capacity"u8, 0),
        Content = map.Bytes("content"u8, ImageLimits.Content),
        HungUp = map.Boolean("hung-up"u8),
    };
}
