using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class LayoutFormatter() : RecordFormatter<MemoryLayoutRecord>("layout")
{
    protected override void Write(ref MessagePackWriter writer, MemoryLayoutRecord record)
    {
        writer.WriteMapHeader(12);
        writer.Field("start-code"u8, record.StartCode);
        writer.Field("end-code"u8, record.EndCode);
        writer.Field("start-data"u8, record.StartData);
        writer.Field("end-data"u8, record.EndData);
        writer.Field("start-brk"u8, record.StartBrk);
        writer.Field("brk"u8, record.Brk);
        writer.Field("start-stack"u8, record.StartStack);
        writer.Field("arg-start"u8, record.ArgStart);
        writer.Field("arg-end"u8, record.ArgEnd);
        writer.Field("env-start"u8, record.EnvStart);
        writer.Field("env-end"u8, record.EnvEnd);
        writer.Field("auxv"u8, record.Auxv);
    }

    protected override MemoryLayoutRecord Read(ref MapReader map) => new()
    {
        StartCode = map.UInt64("start-code"u8),
        EndCode = map.UInt64("end-code"u8),
        StartData = map.UInt64("start-data"u8),
        EndData = map.UInt64("end-data"u8),
        StartBrk = map.UInt64("start-brk"u8),
        Brk = map.UInt64("brk"u8),
        StartStack = map.UInt64("start-stack"u8),
        ArgStart = map.UInt64("arg-start"u8),
        ArgEnd = map.UInt64("arg-end"u8),
        EnvStart = map.UInt64("env-start"u8),
        EnvEnd = map.UInt64("env-end"u8),
        Auxv = map.Bytes("auxv"u8, ImageLimits.Auxv),
    };
}
