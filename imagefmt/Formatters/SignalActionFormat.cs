using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class SignalActionFormat
{
    public static void Write(ref MessagePackWriter writer, SignalAction action)
    {
        writer.WriteMapHeader(5);
        writer.Field("signal"u8, action.Signal);
        writer.Field("handler"u8, action.Handler);
        writer.Field("flags"u8, action.Flags);
        writer.Field("restorer"u8, action.Restorer);
        writer.Field("mask"u8, action.Mask);
    }

    public static SignalAction Read(ref MapReader map) => new(
        Signal: map.Int32("signal"u8, 1, 64),
        Handler: map.UInt64("handler"u8),
        Flags: map.UInt64("flags"u8),
        Restorer: map.UInt64("restorer"u8),
        Mask: map.UInt64("mask"u8));
}
