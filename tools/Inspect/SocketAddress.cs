using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace LazyRestore.Tools.Inspect;

/// <summary>Raw socket addresses as text.</summary>
internal static class SocketAddress
{
    private const int Inet4 = 2;
    private const int Inet6 = 10;

    /// <summary>The address of a UNIX-domain socket without its family, unix(7); abstract names begin with an @.</summary>
    public static string Unix(ReadOnlySpan<byte> address) => address switch
    {
        [] => "unnamed",
        [0, .. var name] => "@" + Encoding.UTF8.GetString(name),
        _ => Encoding.UTF8.GetString(address.TrimEnd((byte)0)),
    };

    /// <summary>A struct sockaddr_in or sockaddr_in6 with its family, ip(7) and ipv6(7).</summary>
    public static string Inet(ReadOnlySpan<byte> address)
    {
        if (address.Length < 8)
        {
            return "unbound";
        }

        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return BinaryPrimitives.ReadUInt16LittleEndian(address) switch
        {
            Inet4 => new IPEndPoint(new IPAddress(address.Slice(4, 4)), port).ToString(),
            Inet6 when address.Length >= 24 => new IPEndPoint(new IPAddress(address.Slice(8, 16)), port).ToString(),
            var family => $"address family {family}",
        };
    }
}
