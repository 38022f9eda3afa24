using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class InetSocketFormatter() : RecordFormatter<InetSocketRecord>("inet-socket")
{
    protected override void Write(ref MessagePackWriter writer, InetSocketRecord record)
    {
        writer.WriteMapHeader(11 + (record.Aborted ? 1 : 0) + (record.Datagrams.Count > 0 ? 1 : 0));
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("inode"u8, record.Inode);
        writer.Field("type"u8, record.Type);
        writer.Field("options"u8, record.Options, SocketOptionFormat.Write);
        writer.Field("listening"u8, record.Listening);
        writer.Field("backlog"u8, record.Backlog);
        writer.Field("family"u8, record.Family);
        writer.Field("protocol"u8, record.Protocol);
        writer.Field("local-address"u8, record.LocalAddress);
        writer.Field("peer-address"u8, record.PeerAddress);
        if (record.Aborted)
        {
            writer.Field("aborted"u8, true);
        }

        if (record.Datagrams.Count > 0)
        {
            writer.Field("datagrams"u8, record.Datagrams, WriteDatagram);
        }
    }

    protected override InetSocketRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Inode = map.UInt64("inode"u8),
        Type = map.Int32("type"u8, 1, 15),
        Options = map.MapList("options"u8, 256, SocketOptionFormat.Read),
        Listening = map.Boolean("listening"u8),
        Backlog = map.Int32("backlog"u8, 0),
        Family = map.Int32("family"u8, 0),
        Protocol = map.Int32("protocol"u8, 0),
        LocalAddress = map.Bytes("local-address"u8, ImageLimits.SocketAddress),
        PeerAddress = map.Bytes("peer-address"u8, ImageLimits.SocketAddress),
        Aborted = map.Flag("aborted"u8),
        Datagrams = map.Has("datagrams"u8) ? map.MapList("datagrams"u8, ImageLimits.List, ReadDatagram) : [],
    };

    private static void WriteDatagram(ref MessagePackWriter writer, InetDatagram datagram)
    {
        writer.WriteMapHeader(3);
        writer.Field("source"u8, datagram.Source);
        writer.Field("destination"u8, datagram.Destination);
        writer.Field("content"u8, datagram.Content);
    }

    private static InetDatagram ReadDatagram(ref MapReader map) => new(
        Source: map.Bytes("source"u8, ImageLimits.InetAddress, ImageLimits.SocketAddress),
        Destination: map.Bytes("destination"u8, ImageLimits.InetAddress, ImageLimits.SocketAddress),
        Content: map.Bytes("content"u8, ushort.MaxValue));
}
