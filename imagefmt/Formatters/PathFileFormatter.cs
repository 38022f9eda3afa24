using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class PathFileFormatter() : RecordFormatter<PathFileRecord>("path-file")
{
    protected override void Write(ref MessagePackWriter writer, PathFileRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("path"u8, record.Path);
        writer.Field("offset"u8, record.Offset);
        writer.Field("identity"u8, record.Identity, FileIdentityFormat.Write);
        writer.Field("device"u8, record.Device);
    }

    protected override PathFileRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Path = map.Text("path"u8, ImageLimits.Path),
        Offset = map.Int64("offset"u8, 0),
        Identity = FileIdentityFormat.Read(map.Map("identity"u8)),
        Device = map.UInt64("device"u8),
    };
}
