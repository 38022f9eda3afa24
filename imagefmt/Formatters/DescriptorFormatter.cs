using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class DescriptorFormatter() : RecordFormatter<DescriptorRecord>("descriptor")
{
    protected override void Write(ref MessagePackWriter writer, DescriptorRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("number"u8, record.Number);
        writer.Field("file"u8, record.FileId);
        writer.Field("close-on-exec"u8, record.CloseOnExec);
    }

    protected override DescriptorRecord Read(ref MapReader map) => new()
    {
        Number = map.Int32("number"u8, 0),
        FileId = map.Int32("file"u8, 1),
        CloseOnExec = map.Boolean("close-on-exec"u8),
    };
}
