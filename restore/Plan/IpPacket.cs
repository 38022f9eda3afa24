using System.Buffers.Binary;
using LazyRestore.Restore.Network;

namespace LazyRestore.Restore.Plan;

/// <summary>A packet as another host sends it, with its IP header; a raw socket brings it to a local one (raw(7)).</summary>
internal static class IpPacket
{
    private const int HeaderLengthV4 = 20;
    private const byte HopLimit = 64;

    /// <summary>Builds it.</summary>
    /// <param name="from">Who sends it.</param>
    /// <param name="to">Who is to receive it.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <param name="payload">What follows the IP header.</param>
    internal static byte[] Build(InetEndpoint from, InetEndpoint to, byte protocol, ReadOnlySpan<byte> payload)
    {
        byte[] header = from.IsV6 ? HeaderV6(from, to, protocol, payload.Length) : HeaderV4(from, to, protocol, payload.Length);
        return [.. header, .. payload];
    }

    /// <summary>The checksum of a payload of TCP or UDP with its pseudo header (RFC 1071, RFC 9293, 3.1).</summary>
    internal static ushort Checksum(InetEndpoint from, InetEndpoint to, byte protocol, ReadOnlySpan<byte> payload)
    {
        byte[] length = Number((uint)payload.Length);
        byte[] padding = new byte[payload.Length % 2];
        return Checksum([.. from.Address.Span, .. to.Address.Span, 0, protocol, .. length, .. payload, .. padding]);
    }

    // RFC 791, 3.1; the kernel fills in the identification and the checksum.
    private static byte[] HeaderV4(InetEndpoint from, InetEndpoint to, byte protocol, int length) =>
        [0x45, 0, .. Number((uint)(HeaderLengthV4 + length)), 0, 0, 0, 0, HopLimit, protocol, 0, 0, .. from.Address.Span, .. to.Address.Span];

    // RFC 8200, 3.
    private static byte[] HeaderV6(InetEndpoint from, InetEndpoint to, byte protocol, int length) =>
        [0x60, 0, 0, 0, .. Number((uint)length), protocol, HopLimit, .. from.Address.Span, .. to.Address.Span];

    private static byte[] Number(uint value)
    {
        byte[] bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += sizeof(ushort))
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        }

        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
