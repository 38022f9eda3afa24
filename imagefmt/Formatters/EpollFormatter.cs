using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class EpollFormatter() : RecordFormatter<EpollRecord>("epoll")
{
    protected override void Write(ref MessagePackWriter writer, EpollRecord record)
    {
        writer.WriteMapHeader(3);
        writer.Field("id"u8, record.Id);
        writer.Field("status-flags"u8, record.StatusFlags);
        writer.Field("interests"u8, record.Interests, EpollInterestFormat.Write);
    }

    protected override EpollRecord Read(ref MapReader map) => new()
    {
        Id = map.Int32("id"u8, 1),
        StatusFlags = map.Int32("status-flags"u8),
        Interests = map.MapList("interests"u8, ImageLimits.EpollInterests, EpollInterestFormat.Read),
    };
}
