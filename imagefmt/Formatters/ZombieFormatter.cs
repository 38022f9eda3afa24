using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class ZombieFormatter() : RecordFormatter<ZombieRecord>("zombie")
{
    protected override void Write(ref MessagePackWriter writer, ZombieRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("pid"u8, record.Pid);
        writer.Field("parent-pid"u8, record.ParentPid);
        writer.Field("process-group"u8, record.ProcessGroup);
        writer.Field("session"u8, record.Session);
        writer.Field("name"u8, record.Name);
        writer.Field("status"u8, record.Status);
    }

    protected override ZombieRecord Read(ref MapReader map) => new()
    {
        Pid = map.Int32("pid"u8, 1),
        ParentPid = map.Int32("parent-pid"u8, 1),
        ProcessGroup = map.Int32("process-group"u8, 0),
        Session = map.Int32("session"u8, 0),
        Name = map.Text("name"u8, ImageLimits.Name),
        Status = map.Bits("status"u8, 0xffff),
    };
}
