using System.Buffers.Binary;
using System.Net;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>TCP and UDP sockets over IPv4 and IPv6 that listen or are unconnected, ip(7).</summary>
public sealed class InetSockets(StandardStreams streams, Refusals refusals)
{
    private const int TcpClose = 7;
    private const int TcpListen = 10;

    // In the order of their numbers, include/net/tcp_states.h.
    private static readonly string[] TcpStates =
    [
        "", "established", "SYN sent", "SYN received", "FIN wait 1", "FIN wait 2", "time wait", "closed", "close wait", "last ACK",
        "listening", "closing",
    ];

    /// <summary>The record of a socket; null when it is refused.</summary>
    public OpenFileRecord? Record(OpenDescription description, int family, int type, int protocol)
    {
        OpenDescriptor first = description.First;
        byte[] local = SocketQuery.LocalAddress(first);
        byte[] peer = SocketQuery.PeerAddress(first);
        if (SocketQuery.Number(first, Interop.SOL_SOCKET, Interop.SO_GET_FILTER) != 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.SocketFilter);
        }

        int backlog = 0;
        bool listening = false;
        if (protocol == Interop.IPPROTO_TCP)
        {
            (int state, int waiting, int limit) = TcpState(description);
            if (state is not (TcpClose or TcpListen))
            {
                return streams.Replace(
                    description,
                    UnsupportedKind.OutsideStream,
                    UnsupportedKind.TcpConnection,
                    $"{Describe(local)} -> {Describe(peer)}, {TcpStates[state]}",
                    description.StandardStream);
            }

            listening = state == TcpListen;
            backlog = listening ? limit : 0;
            if (listening && waiting > 0)
            {
                refusals.Add(description.Subject, UnsupportedKind.WaitingConnections, $"{waiting} at {Describe(local)}");
            }
        }
        else if (SocketQuery.Readable(first) > 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.QueuedDatagrams, $"UDP {Describe(local)}");
        }

        return new InetSocketRecord
        {
            Id = description.Id,
            StatusFlags = first.StatusFlags,
            Inode = first.Status.Inode,
            Type = type,
            Options = SocketOptions.Differing(first, family, type, protocol),
            Listening = listening,
            Backlog = backlog,
            Family = family,
            Protocol = protocol,
            LocalAddress = IsUnbound(local) ? ReadOnlyMemory<byte>.Empty : local,
            PeerAddress = protocol == Interop.IPPROTO_UDP ? peer : ReadOnlyMemory<byte>.Empty,
        };
    }

    /// <summary>An address as people write it.</summary>
    public static string Describe(ReadOnlySpan<byte> address)
    {
        // struct sockaddr_in: family, port, address; struct sockaddr_in6 has the flow label before the address.
        if (address.Length < 8)
        {
            return "none";
        }

        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        IPAddress ip = address.Length >= 28 ? new IPAddress(address.Slice(8, 16)) : new IPAddress(address.Slice(4, 4));
        return new IPEndPoint(ip, port).ToString();
    }

    // struct tcp_info: the state is its first byte; of a listening socket, tcpi_unacked and tcpi_sacked are the connections that
    // wait and the most that may.
    private static (int State, int Waiting, int Backlog) TcpState(OpenDescription description)
    {
        byte[] info = SocketQuery.Bytes(description.First.Here, Interop.IPPROTO_TCP, Interop.TCP_INFO, 104)
            ?? throw new LazyRestoreException(FailureReason.Failed, $"{description.Subject}: getsockopt(TCP_INFO) failed");
        return (info[0], BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(24)), BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(28)));
    }

    private static bool IsUnbound(ReadOnlySpan<byte> address) => !address[sizeof(ushort)..].ContainsAnyExcept((byte)0);
}
