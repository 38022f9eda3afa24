using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class SystemVIdentityFormat
{
    private const int AllModes = 0xfff;

    public static void Write(ref MessagePackWriter writer, SystemVIdentity identity)
    {
        writer.WriteMapHeader(8);
        writer.Field("id"u8, identity.Id);
        writer.Field("key"u8, identity.Key);
        writer.Field("user-id"u8, identity.UserId);
        writer.Field("group-id"u8, identity.GroupId);
        writer.Field("creator-user-id"u8, identity.CreatorUserId);
        writer.Field("creator-group-id"u8, identity.CreatorGroupId);
        writer.Field("mode"u8, identity.Mode);
        writer.Field("changed"u8, identity.Changed);
    }

    public static SystemVIdentity Read(ref MapReader outer)
    {
        MapReader map = outer.Map("identity"u8);
        return new SystemVIdentity
        {
            Id = map.Int32("id"u8, 0),
            Key = map.Int32("key"u8),
            UserId = map.UInt32("user-id"u8),
            GroupId = map.UInt32("group-id"u8),
            CreatorUserId = map.UInt32("creator-user-id"u8),
            CreatorGroupId = map.UInt32("creator-group-id"u8),
            Mode = map.Bits("mode"u8, AllModes),
            Changed = map.Int64("changed"u8),
        };
    }
}
