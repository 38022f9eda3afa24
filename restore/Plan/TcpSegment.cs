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
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), IpPacket.Checksum(from, to, Protocol, segment));
        return IpPacket.Build(from, to, Protocol, segment);
    }
}
