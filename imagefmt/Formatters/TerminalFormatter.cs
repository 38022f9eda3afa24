using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class TerminalFormatter() : RecordFormatter<TerminalRecord>("terminal")
{
    protected override void Write(ref MessagePackWriter writer, TerminalRecord record)
    {
        writer.WriteMapHeader(5);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("index"u8, record.Index);
        writer.Field("path"u8, record.Path);
        writer.Field("hung-up"u8, record.HungUp);
    }

    protected override TerminalRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Index = map.Int32("index"u8, 0),
        Path = map.Text("path"u8, ImageLimits.Path),
        HungUp = map.Boolean("hung-up"u8),
    };
}
