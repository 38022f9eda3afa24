using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class VmaFormatter() : RecordFormatter<VmaRecord>("vma")
{
    /// <summary>The words for <see cref="VmaKind"/>, in its order.</summary>
    private static readonly string[] s_kinds =
        ["anonymous", "private-file", "shared-file", "object", "vdso", "vvar", "private-object"];

    private const int AllProtection = (int)(VmaProtection.Read | VmaProtection.Write | VmaProtection.Execute);
    private const int AllFlags = ((int)VmaFlags.ReadOnly << 1) - 1;

    protected override void Write(ref MessagePackWriter writer, VmaRecord record)
    {
        writer.WriteMapHeader(record.HadHugePages ? 9 : 8);
        writer.Field("start"u8, record.Start);
        writer.Field("end"u8, record.End);
        writer.Field("kind"u8, s_kinds[(int)record.Kind]);
        writer.Field("protection"u8, (int)record.Protection);
        writer.Field("flags"u8, (int)record.Flags);
        writer.Field("offset"u8, record.Offset);
        writer.Field("backing"u8, record.BackingId);
        writer.Field("name"u8, record.Name);
        if (record.HadHugePages)
        {
            writer.Field("huge-pages"u8, true);
        }
    }

    protected override VmaRecord Read(ref MapReader map) => new()
    {
        Start = map.UInt64("start"u8),
        End = map.UInt64("end"u8),
        Kind = (VmaKind)map.Choice("kind"u8, s_kinds),
        Protection = (VmaProtection)map.Bits("protection"u8, AllProtection),
        Flags = (VmaFlags)map.Bits("flags"u8, AllFlags),
        Offset = map.UInt64("offset"u8),
        BackingId = map.Int32("backing"u8, 0),
        Name = map.Text("name"u8, ImageLimits.Name),
        HadHugePages = map.Flag("huge-pages"u8),
    };
}
