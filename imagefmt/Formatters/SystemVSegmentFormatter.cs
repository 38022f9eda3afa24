using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal sealed class SystemVSegmentFormatter() : RecordFormatter<SystemVSegmentRecord>("system-v-segment")
{
    protected override void Write(ref MessagePackWriter writer, SystemVSegmentRecord record)
    {
        writer.WriteMapHeader(2);
        writer.Field("object"u8, record.ObjectId);
        writer.Field("identity"u8, record.Identity, SystemVIdentityFormat.Write);
    }

    protected override SystemVSegmentRecord Read(ref MapReader map) => new()
    {
        ObjectId = map.Int32("object"u8, 1),
        Identity = SystemVIdentityFormat.Read(ref map),
    };
}
