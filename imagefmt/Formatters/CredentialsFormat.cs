using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class CredentialsFormat
{
    public static void Write(ref MessagePackWriter writer, Credentials credentials)
    {
        writer.WriteMapHeader(10);
        writer.Field("user-ids"u8, credentials.UserIds);
        writer.Field("group-ids"u8, credentials.GroupIds);
        writer.Field("groups"u8, credentials.Groups);
        writer.Field("inheritable"u8, credentials.Inheritable);
        writer.Field("permitted"u8, credentials.Permitted);
        writer.Field("effective"u8, credentials.Effective);
        writer.Field("bounding"u8, credentials.Bounding);
        writer.Field("ambient"u8, credentials.Ambient);
        writer.Field("secure-bits"u8, credentials.SecureBits);
        writer.Field("no-new-privileges"u8, credentials.NoNewPrivileges);
    }

    public static Credentials Read(MapReader map) => new()
    {
        UserIds = map.UInt32List("user-ids"u8, 4, 4),
        GroupIds = map.UInt32List("group-ids"u8, 4, 4),
        Groups = map.UInt32List("groups"u8, 0, ImageLimits.List),
        Inheritable = map.UInt64("inheritable"u8),
        Permitted = map.UInt64("permitted"u8),
        Effective = map.UInt64("effective"u8),
        Bounding = map.UInt64("bounding"u8),
        Ambient = map.UInt64("ambient"u8),
        SecureBits = map.UInt32("secure-bits"u8),
        NoNewPrivileges = map.Boolean("no-new-privileges"u8),
    };
}
