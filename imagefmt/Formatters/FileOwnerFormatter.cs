using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class FileOwnerFormatter() : RecordFormatter<FileOwnerRecord>("file-owner")
{
    protected override void Write(ref MessagePackWriter writer, FileOwnerRecord record)
    {
        writer.WriteMapHeader(4);
        writer.Field("file"u8, record.FileId);
        writer.Field("kind"u8, record.Kind);
        writer.Field("owner"u8, record.Owner);
        writer.Field("signal"u8, record.Signal);
    }

    protected override FileOwnerRecord Read(ref MapReader map) => new()
    {
        FileId = map.Int32("file"u8, 1),
        Kind = map.Int32("kind"u8, 0, 2),
        Owner = map.Int32("owner"u8, 0),
        Signal = map.Int32("signal"u8, 0, 64),
    };
}
