using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class MappedFileFormatter() : RecordFormatter<MappedFileRecord>("mapped-file")
{
    protected override void Write(ref MessagePackWriter writer, MappedFileRecord record)
    {
        writer.WriteMapHeader(4);
        writer.Field("id"u8, record.Id);
        writer.Field("path"u8, record.Path);
        writer.Field("identity"u8, record.Identity, FileIdentityFormat.Write);
        writer.Field("writable"u8, record.Writable);
    }

    protected override MappedFileRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        Path = map.Text("path"u8, ImageLimits.Path),
        Identity = FileIdentityFormat.Read(map.Map("identity"u8)),
        Writable = map.Boolean("writable"u8),
    };
}
