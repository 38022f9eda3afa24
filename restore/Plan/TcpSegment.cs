using System.Buffers.Binary;
using LazyRestore.Restore.Network;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// A segment without data as a peer sends it (RFC 9293, 3.1), with its IP header: what only a segment can bring a socket to know, that
/// the peer has ended or has acknowledged the end, a restore tells it by one of its own making.
/// </summary>
internal static class TcpSegment
{
    /// <summary>FIN of the flags.</summary>
    internal const byte End = 1;

    /// <summary>ACK of the flags.</summary>
    internal const byte Acknowledgment = 16;

    private const int HeaderLength = 20;
    private const byte Protocol = 6;
    private const byte HopLimit = 64;

    /// <summary>Builds the packet.</summary>
    /// <param name="connection">Who it is to be received by: it goes from the peer to the local end.</param>
    /// <param name="sequence">Its sequence number.</param>
    /// <param name="acknowledged">The sequence number up to which it acknowledges.</param>
    /// <param name="flags">FIN and ACK.</param>
    /// <param name="window">The window as it stands in the header, scaled.</param>
    internal static byte[] Build(ConnectionAddress connection, uint sequence, uint acknowledged, byte flags, ushort window)
    {
        (InetEndpoint from, InetEndpoint to) = (connection.Peer, connection.Local);
        byte[] segment = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt16BigEndian(segment, from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledged);
        segment[12] = (HeaderLength / 4) << 4;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), window);
        byte[] pseudo = [.. from.Address.Span, .. to.Address.Span, 0, Protocol, 0, HeaderLength, .. segment];
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), Checksum(pseudo));
        return [.. from.IsV6 ? HeaderV6(from, to) : HeaderV4(from, to), .. segment];
    }

    // RFC 791, 3.1; the kernel fills in the identification and the checksum.
    private static byte[] HeaderV4(InetEndpoint from, InetEndpoint to) =>
        [0x45, 0, 0, 2 * HeaderLength, 0, 0, 0, 0, HopLimit, Protocol, 0, 0, .. from.Address.Span, .. to.Address.Span];

    // RFC 8200, 3.
    private static byte[] HeaderV6(InetEndpoint from, InetEndpoint to) =>
        [0x60, 0, 0, 0, 0, HeaderLength, Protocol, HopLimit, .. from.Address.Span, .. to.Address.Span];

    // RFC 1071; the number of bytes is even.
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
