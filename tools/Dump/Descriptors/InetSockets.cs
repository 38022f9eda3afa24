using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>TCP and UDP sockets over IPv4 and IPv6 ip(7).</summary>
internal sealed class InetSockets(TcpConnections connections, bool lookOnly, Refusals refusals)
{
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

        IReadOnlyList<InetDatagram> datagrams = [];
        int backlog = 0;
        bool listening = false;
        if (protocol == Interop.IPPROTO_TCP)
        {
            (int state, int waiting, int limit) = TcpConnections.State(description);
            if (state is not (TcpState.Closed or TcpState.Listen))
            {
                return connections.Record(description, family, state);
            }

            listening = state == TcpState.Listen;
            backlog = listening ? limit : 0;
            if (listening && waiting > 0)
            {
                refusals.Add(description.Subject, UnsupportedKind.WaitingConnections, $"{waiting} at {Describe(local)}");
            }
        }
        else if (!lookOnly)
        {
            datagrams = new UdpQueue(description, family, refusals).Peek();
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
            Datagrams = datagrams,
        };
    }

    private static string Describe(byte[] address) => InetEndpoint.Of(address).ToString();

    private static bool IsUnbound(ReadOnlySpan<byte> address) => !address[sizeof(ushort)..].ContainsAnyExcept((byte)0);
}
