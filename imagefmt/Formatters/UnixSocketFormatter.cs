using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class UnixSocketFormatter() : RecordFormatter<UnixSocketRecord>("unix-socket")
{
    protected override void Write(ref MessagePackWriter writer, UnixSocketRecord record)
    {
        writer.WriteMapHeader(12);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("inode"u8, record.Inode);
        writer.Field("type"u8, record.Type);
        writer.Field("options"u8, record.Options, SocketOptionFormat.Write);
        writer.Field("listening"u8, record.Listening);
        writer.Field("backlog"u8, record.Backlog);
        writer.Field("address"u8, record.Address);
        writer.Field("peer-inode"u8, record.PeerInode);
        writer.Field("peer-closed"u8, record.PeerClosed);
        writer.Field("shut-down"u8, record.ShutDown);
        writer.Field("receive-queue"u8, record.ReceiveQueue);
    }

    protected override UnixSocketRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Inode = map.UInt64("inode"u8),
        Type = map.Int32("type"u8, 1, 15),
        Options = map.MapList("options"u8, 256, SocketOptionFormat.Read),
        Listening = map.Boolean("listening"u8),
        Backlog = map.Int32("backlog"u8, 0),
        Address = map.Bytes("address"u8, ImageLimits.SocketAddress),
        PeerInode = map.UInt64("peer-inode"u8),
        PeerClosed = map.Boolean("peer-closed"u8),
        ShutDown = map.Bits("shut-down"u8, 3),
        ReceiveQueue = map.BytesList("receive-queue"u8, 0, ImageLimits.Content),
    };
}
