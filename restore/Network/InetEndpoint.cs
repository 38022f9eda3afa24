using System.Buffers.Binary;
using System.Net;

namespace LazyRestore.Restore.Network;

/// <summary>An address and port as packets bear them: IPv4 addresses mapped into IPv6 (ipv6(7)) count as IPv4.</summary>
/// <param name="Address">4 or 16 bytes in network order.</param>
/// <param name="Port">The port.</param>
public readonly record struct InetEndpoint(ReadOnlyMemory<byte> Address, ushort Port)
{
    private const int LengthV6 = 28;
    private static readonly byte[] s_mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    /// <summary>Whether packets are of IPv6.</summary>
    public bool IsV6 => Address.Length == 16;

    /// <summary>Reads a raw struct sockaddr_in or sockaddr_in6.</summary>
    public static InetEndpoint Of(ReadOnlyMemory<byte> socketAddress)
    {
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(socketAddress.Span[2..]);
        if (socketAddress.Length < LengthV6)
        {
            return new InetEndpoint(socketAddress.Slice(4, 4), port);
        }

        ReadOnlyMemory<byte> address = socketAddress.Slice(8, 16);
        return new InetEndpoint(address.Span.StartsWith(s_mapped) ? address[12..] : address, port);
    }

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(new IPAddress(Address.Span), Port).ToString();
}
