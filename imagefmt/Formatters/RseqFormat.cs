using LazyRestore.ImageFormat.Records;
using MessagePack;

namespace LazyRestore.ImageFormat.Formatters;

internal static class RseqFormat
{
    public static void Write(ref MessagePackWriter writer, RseqRegistration? registration)
    {
        if (registration is not { } rseq)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteMapHeader(4);
        writer.Field("address"u8, rseq.Address);
        writer.Field("size"u8, rseq.Size);
        writer.Field("signature"u8, rseq.Signature);
        writer.Field("flags"u8, rseq.Flags);
    }

    public static RseqRegistration Read(MapReader map) => new(
        Address: map.UInt64("address"u8),
        Size: map.UInt32("size"u8),
        Signature: map.UInt32("signature"u8),
        Flags: map.UInt32("flags"u8));
}
