using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class PidFdFormatter() : RecordFormatter<PidFdRecord>("pidfd")
{
    protected override void Write(ref MessagePackWriter writer, PidFdRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("process"u8, record.Process);
    }

    protected override PidFdRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Process = map.Int32("process"u8, 1),
    };
}
