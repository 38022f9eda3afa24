using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class TerminalMasterFormatter() : RecordFormatter<TerminalMasterRecord>("terminal-master")
{
    internal const int ModesSize = 44; // struct termios2
    internal const int WindowSizeSize = 8; // struct winsize

    /// <summary>The words for <see cref="TerminalSlaves"/>, in its order.</summary>
    private static readonly string[] s_slaves = ["none", "open", "closed"];

    protected override void Write(ref MessagePackWriter writer, TerminalMasterRecord record)
    {
        writer.WriteMapHeader(17);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("index"u8, record.Index);
        writer.Field("modes"u8, record.Modes);
        writer.Field("window-size"u8, record.WindowSize);
        writer.Field("user-id"u8, record.UserId);
        writer.Field("group-id"u8, record.GroupId);
        writer.Field("mode"u8, record.Mode);
        writer.Field("locked"u8, record.Locked);
        writer.Field("exclusive"u8, record.Exclusive);
        writer.Field("packets"u8, record.Packets);
        writer.Field("stopped"u8, record.Stopped);
        writer.Field("slaves"u8, s_slaves[(int)record.Slaves]);
        writer.Field("foreground-group"u8, record.ForegroundGroup);
        writer.Field("lines"u8, record.Lines);
        writer.Field("input"u8, record.Input);
        writer.Field("output"u8, record.Output);
    }

    protected override TerminalMasterRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Index = map.Int32("index"u8, 0),
        Modes = map.Bytes("modes"u8, ModesSize, ModesSize),
        WindowSize = map.Bytes("window-size"u8, WindowSizeSize, WindowSizeSize),
        UserId = map.UInt32("user-id"u8),
        GroupId = map.UInt32("group-id"u8),
        Mode = map.UInt32("mode"u8),
        Locked = map.Boolean("locked"u8),
        Exclusive = map.Boolean("exclusive"u8),
        Packets = map.Boolean("packets"u8),
        Stopped = map.Boolean("stopped"u8),
        Slaves = (TerminalSlaves)map.Choice("slaves"u8, s_slaves),
        ForegroundGroup = map.Int32("foreground-group"u8, 0),
        Lines = map.BytesList("lines"u8, 0, ImageLimits.TerminalQueue),
        Input = map.Bytes("input"u8, ImageLimits.TerminalQueue),
        Output = map.Bytes("output"u8, ImageLimits.TerminalQueue),
    };
}
