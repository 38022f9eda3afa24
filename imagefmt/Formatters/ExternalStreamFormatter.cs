using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class ExternalStreamFormatter() : RecordFormatter<ExternalStreamRecord>("external-stream")
{
    protected override void Write(ref MessagePackWriter writer, ExternalStreamRecord record)
    {
        writer.WriteMapHeader(4);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("stream"u8, record.Stream);
        writer.Field("description"u8, record.Description);
    }

    protected override ExternalStreamRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Stream = map.Int32("stream"u8, 0, 2),
        Description = map.Text("description"u8, ImageLimits.Path),
    };
}
