using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class FileLockFormatter() : RecordFormatter<FileLockRecord>("file-lock")
{
    /// <summary>The words for <see cref="FileLockKind"/>, in its order.</summary>
    private static readonly string[] s_kinds = ["posix", "open-file-description", "whole", "lease"];

    protected override void Write(ref MessagePackWriter writer, FileLockRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("file"u8, record.FileId);
        writer.Field("process"u8, record.Process);
        writer.Field("kind"u8, s_kinds[(int)record.Kind]);
        writer.Field("exclusive"u8, record.Exclusive);
        writer.Field("start"u8, record.Start);
        writer.Field("length"u8, record.Length);
    }

    protected override FileLockRecord Read(ref MapReader map) => new()
    {
        FileId = map.Int32("file"u8, 1),
        Process = map.Int32("process"u8, 0),
        Kind = (FileLockKind)map.Choice("kind"u8, s_kinds),
        Exclusive = map.Boolean("exclusive"u8),
        Start = map.Int64("start"u8, 0),
        Length = map.Int64("length"u8, 0),
    };
}
