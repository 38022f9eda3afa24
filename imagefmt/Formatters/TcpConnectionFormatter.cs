using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class TcpConnectionFormatter() : RecordFormatter<TcpConnectionRecord>("tcp-connection")
{
    /// <summary>The words for <see cref="TcpSendEnd"/>, in its order.</summary>
    private static readonly string[] s_sendEnds = ["open", "sent", "acknowledged"];

    protected override void Write(ref MessagePackWriter writer, TcpConnectionRecord record)
    {
        writer.WriteMapHeader(21);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("inode"u8, record.Inode);
        writer.Field("type"u8, record.Type);
        writer.Field("options"u8, record.Options, SocketOptionFormat.Write);
        writer.Field("listening"u8, record.Listening);
        writer.Field("backlog"u8, record.Backlog);
        writer.Field("family"u8, record.Family);
        writer.Field("local-address"u8, record.LocalAddress);
        writer.Field("peer-address"u8, record.PeerAddress);
        writer.Field("peer-ended"u8, record.PeerEnded);
        writer.Field("send-end"u8, s_sendEnds[(int)record.SendEnd]);
        writer.Field("send-sequence"u8, record.SendSequence);
        writer.Field("receive-sequence"u8, record.ReceiveSequence);
        writer.Field("send-queue"u8, record.SendQueue);
        writer.Field("unsent"u8, record.Unsent);
        writer.Field("receive-queue"u8, record.ReceiveQueue);
        writer.Field("agreement"u8, record.Agreement, TcpConnectionFormat.Write);
        writer.Field("window"u8, record.Window, TcpConnectionFormat.Write);
        writer.Field("timestamp"u8, record.Timestamp);
        writer.Field("buffers"u8, record.Buffers, TcpConnectionFormat.Write);
    }

    protected override TcpConnectionRecord Read(ref MapReader map)
    {
        byte[] sendQueue = map.Bytes("send-queue"u8, ImageLimits.TcpQueue);
        return new TcpConnectionRecord
        {
            Id = map.Int32("id"u8, 1),
            StatusFlags = map.Int32("status-flags"u8),
            Inode = map.UInt64("inode"u8),
            Type = map.Int32("type"u8, 1, 15),
            Options = map.MapList("options"u8, 256, SocketOptionFormat.Read),
            Listening = map.Boolean("listening"u8),
            Backlog = map.Int32("backlog"u8, 0),
            Family = map.Int32("family"u8, 0),
            LocalAddress = map.Bytes("local-address"u8, ImageLimits.InetAddress, ImageLimits.SocketAddress),
            PeerAddress = map.Bytes("peer-address"u8, ImageLimits.InetAddress, ImageLimits.SocketAddress),
            PeerEnded = map.Boolean("peer-ended"u8),
            SendEnd = (TcpSendEnd)map.Choice("send-end"u8, s_sendEnds),
            SendSequence = map.UInt32("send-sequence"u8),
            ReceiveSequence = map.UInt32("receive-sequence"u8),
            SendQueue = sendQueue,
            Unsent = map.Int32("unsent"u8, 0, sendQueue.Length),
            ReceiveQueue = map.Bytes("receive-queue"u8, ImageLimits.TcpQueue),
            Agreement = TcpConnectionFormat.ReadAgreement(map.Map("agreement"u8)),
            Window = TcpConnectionFormat.ReadWindow(map.Map("window"u8)),
            Timestamp = map.UInt32("timestamp"u8),
            Buffers = TcpConnectionFormat.ReadBuffers(map.Map("buffers"u8)),
        };
    }
}
