using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

/// <summary>The maps within the record of a TCP connection.</summary>
internal static class TcpConnectionFormat
{
    private const int MostScale = 14; // RFC 7323, 2.3
    private const int LargestSegment = 65535;
    private const int BothLocks = 3;

    public static void Write(ref MessagePackWriter writer, TcpAgreement agreement)
    {
        writer.WriteMapHeader(5);
        writer.Field("maximum-segment"u8, agreement.MaximumSegment);
        writer.Field("send-scale"u8, agreement.SendScale);
        writer.Field("receive-scale"u8, agreement.ReceiveScale);
        writer.Field("sack"u8, agreement.SelectiveAcknowledgment);
        writer.Field("timestamps"u8, agreement.Timestamps);
    }

    public static TcpAgreement ReadAgreement(MapReader map) => new(
        map.Int32("maximum-segment"u8, 0, LargestSegment),
        map.Int32("send-scale"u8, -1, MostScale),
        map.Int32("receive-scale"u8, -1, MostScale),
        map.Boolean("sack"u8),
        map.Boolean("timestamps"u8));

    public static void Write(ref MessagePackWriter writer, TcpWindow window)
    {
        writer.WriteMapHeader(5);
        writer.Field("send-update"u8, window.SendUpdate);
        writer.Field("send"u8, window.Send);
        writer.Field("largest-send"u8, window.LargestSend);
        writer.Field("receive"u8, window.Receive);
        writer.Field("receive-update"u8, window.ReceiveUpdate);
    }

    public static TcpWindow ReadWindow(MapReader map) => new(
        map.UInt32("send-update"u8),
        map.UInt32("send"u8),
        map.UInt32("largest-send"u8),
        map.UInt32("receive"u8),
        map.UInt32("receive-update"u8));

    public static void Write(ref MessagePackWriter writer, TcpBuffers buffers)
    {
        writer.WriteMapHeader(3);
        writer.Field("send"u8, buffers.Send);
        writer.Field("receive"u8, buffers.Receive);
        writer.Field("locks"u8, buffers.Locks);
    }

    public static TcpBuffers ReadBuffers(MapReader map) =>
        new(map.Int32("send"u8, 0), map.Int32("receive"u8, 0), map.Bits("locks"u8, BothLocks));
}
