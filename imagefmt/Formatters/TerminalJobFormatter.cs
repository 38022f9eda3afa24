using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class TerminalJobFormatter() : RecordFormatter<TerminalJobRecord>("terminal-job")
{
    protected override void Write(ref MessagePackWriter writer, TerminalJobRecord record)
    {
        writer.WriteMapHeader(6);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("path"u8, record.Path);
        writer.Field("modes"u8, record.Modes);
        writer.Field("window-size"u8, record.WindowSize);
        writer.Field("foreground-group"u8, record.ForegroundGroup);
    }

    protected override TerminalJobRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Path = map.Text("path"u8, ImageLimits.Path),
        Modes = map.Bytes("modes"u8, TerminalMasterFormatter.ModesSize, TerminalMasterFormatter.ModesSize),
        WindowSize = map.Bytes("window-size"u8, TerminalMasterFormatter.WindowSizeSize, TerminalMasterFormatter.WindowSizeSize),
        ForegroundGroup = map.Int32("foreground-group"u8, 0),
    };
}
