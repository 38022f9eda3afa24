using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class MemoryObjectFormatter() : RecordFormatter<MemoryObjectRecord>("object")
{
    /// <summary>The words for <see cref="MemoryObjectKind"/>, in its order.</summary>
    private static readonly string[] s_kinds = ["shared-anonymous", "memfd", "deleted-file", "nameless-file", "system-v"];

    protected override void Write(ref MessagePackWriter writer, MemoryObjectRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("id"u8, record.Id);
        writer.Field("kind"u8, s_kinds[(int)record.Kind]);
        writer.Field("name"u8, record.Name);
        writer.Field("size"u8, record.Size);
        writer.Field("mode"u8, record.Mode);
        writer.Field("seals"u8, record.Seals);
    }

    protected override MemoryObjectRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        Kind = (MemoryObjectKind)map.Choice("kind"u8, s_kinds),
        Name = map.Text("name"u8, ImageLimits.Path),
        Size = map.Int64("size"u8, 0),
        Mode = map.UInt32("mode"u8),
        Seals = map.Int32("seals"u8, 0),
    };
}
