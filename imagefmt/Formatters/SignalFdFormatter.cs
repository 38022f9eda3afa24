using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class SignalFdFormatter() : RecordFormatter<SignalFdRecord>("signalfd")
{
    protected override void Write(ref MessagePackWriter writer, SignalFdRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("mask"u8, record.Mask);
    }

    protected override SignalFdRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Mask = map.UInt64("mask"u8),
    };
}
