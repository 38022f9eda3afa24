using System.Buffers.Binary;
using LazyRestore.Restore.Network;

namespace LazyRestore.Restore.Plan;

/// <summary>A datagram as its sender sends it (RFC 768), with its IP header: by it a socket receives again what waited to be read.</summary>
internal static class UdpDatagram
{
    private const int HeaderLength = 8;
    private const byte Protocol = 17;

    /// <summary>Builds the packet.</summary>
    internal static byte[] Build(InetEndpoint from, InetEndpoint to, ReadOnlySpan<byte> content)
    {
        byte[] datagram = new byte[HeaderLength + content.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        content.CopyTo(datagram.AsSpan(HeaderLength));

        // None would mean that there is no checksum.
        ushort checksum = IpPacket.Checksum(from, to, Protocol, datagram);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(6), checksum == 0 ? ushort.MaxValue : checksum);
        return IpPacket.Build(from, to, Protocol, datagram);
    }
}
