using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class FileIdentityFormat
{
    public static void Write(ref MessagePackWriter writer, FileIdentity identity)
    {
        writer.WriteMapHeader(4);
        writer.Field("size"u8, identity.Size);
        writer.Field("modified"u8, identity.ModifiedNanoseconds);
        writer.Field("mode"u8, identity.Mode);
        writer.Field("build-id"u8, identity.BuildId);
    }

    public static FileIdentity Read(MapReader map) => new()
    {
        Size = map.Int64("size"u8, 0),
        ModifiedNanoseconds = map.Int64("modified"u8),
        Mode = map.UInt32("mode"u8),
        BuildId = map.Bytes("build-id"u8, ImageLimits.Digest),
    };
}
