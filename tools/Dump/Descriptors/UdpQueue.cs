using System.Net;
using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Network;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>
/// Looks at the datagrams that wait in a UDP socket without taking them: MSG_PEEK with an offset that moves on, SO_PEEK_OFF in socket(7), and the
/// address each was sent to, IP_PKTINFO in ip(7).
/// </summary>
internal sealed unsafe class UdpQueue(OpenDescription description, int family, Refusals refusals)
{
    private const int LargestDatagram = 1 << 16;
    private const int ControlSize = 4096;
    private const int AddressSize = 128;
    private const int MostDatagrams = 1 << 16;

    private int Socket => description.First.Here;

    /// <summary>The datagrams; none when they are refused.</summary>
    public IReadOnlyList<InetDatagram> Peek()
    {
        short events = Poll();
        bool isPlain = (events & Interop.POLLERR) == 0
            && SocketQuery.Number(description.First, Interop.SOL_SOCKET, Interop.SO_REUSEPORT) == 0
            && SocketQuery.Number(description.First, Interop.IPPROTO_UDP, Interop.UDP_GRO) == 0
            && SocketQuery.Bytes(Socket, Interop.SOL_SOCKET, Interop.SO_BINDTODEVICE, AddressSize) is null or [];
        if (events == 0)
        {
            return [];
        }

        if (SocketQuery.Number(description.First, Interop.SOL_SOCKET, Interop.SO_PEEK_OFF) >= 0)
        {
            refusals.Add(description.Subject, UnsupportedKind.PeekOffset);
            return [];
        }

        byte[] local = SocketQuery.LocalAddress(description.First);
        if (!isPlain)
        {
            return SocketQuery.Readable(description.First) > 0 ? Refuse(local) : [];
        }

        List<InetDatagram> datagrams = PeekAll(local);
        return datagrams.TrueForAll(CanComeAgain) ? datagrams : Refuse(local);
    }

    private List<InetDatagram> Refuse(byte[] local)
    {
        refusals.Add(description.Subject, UnsupportedKind.QueuedDatagrams, $"UDP {InetEndpoint.Of(local)}");
        return [];
    }

    private List<InetDatagram> PeekAll(byte[] local)
    {
        (int level, int option) = family == Interop.AF_INET6
            ? (Interop.IPPROTO_IPV6, Interop.IPV6_RECVPKTINFO)
            : (Interop.IPPROTO_IP, Interop.IP_PKTINFO);
        int told = SocketQuery.Number(description.First, level, option);
        Set(level, option, 1);
        Set(Interop.SOL_SOCKET, Interop.SO_PEEK_OFF, 0);
        try
        {
            List<InetDatagram> datagrams = [];
            byte[] buffer = new byte[LargestDatagram];
            while (datagrams.Count < MostDatagrams && PeekOne(buffer, local) is { } datagram)
            {
                datagrams.Add(datagram);
            }

            return datagrams;
        }
        finally
        {
            Set(Interop.SOL_SOCKET, Interop.SO_PEEK_OFF, -1);
            Set(level, option, told);
        }
    }

    // Null when there is no more.
    private InetDatagram? PeekOne(byte[] buffer, byte[] local)
    {
        byte* control = stackalloc byte[ControlSize];
        byte* name = stackalloc byte[AddressSize];
        fixed (byte* start = buffer)
        {
            Interop.iovec vector = new() { iov_base = start, iov_len = (nuint)buffer.Length };
            Interop.msghdr message = new()
            {
                msg_name = name,
                msg_namelen = AddressSize,
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = ControlSize,
            };
            nint length = Interop.recvmsg(Socket, &message, Interop.MSG_PEEK | Interop.MSG_DONTWAIT);
            if (length < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                return errno == Interop.EAGAIN ? null : throw new NativeException("recvmsg(MSG_PEEK)", errno, description.Subject);
            }

            byte[] source = new ReadOnlySpan<byte>(name, (int)message.msg_namelen).ToArray();
            return new InetDatagram(source, Destination(message, local), buffer.AsSpan(0, (int)length).ToArray());
        }
    }

    // The socket's own address, with the one that the packet had in place of one that stands for all.
    private byte[] Destination(in Interop.msghdr message, byte[] local)
    {
        const int AddressInV4 = 8; // struct in_pktinfo: interface, local address, destination
        byte[] destination = [.. local];
        byte* at = (byte*)message.msg_control;
        byte* end = at + message.msg_controllen;
        while (end - at >= sizeof(Interop.cmsghdr))
        {
            Interop.cmsghdr* header = (Interop.cmsghdr*)at;
            byte* data = (byte*)(header + 1);
            if (header->cmsg_level == Interop.IPPROTO_IPV6 && header->cmsg_type == Interop.IPV6_PKTINFO)
            {
                new ReadOnlySpan<byte>(data, 16).CopyTo(destination.AsSpan(8));
            }
            else if (family == Interop.AF_INET && header->cmsg_level == Interop.IPPROTO_IP && header->cmsg_type == Interop.IP_PKTINFO)
            {
                new ReadOnlySpan<byte>(data + AddressInV4, 4).CopyTo(destination.AsSpan(4));
            }

            at += (header->cmsg_len + 7) & ~(nuint)7;
        }

        return destination;
    }

    // A packet to a group would come to others too; one from a neighbour without a router belongs to a device.
    private static bool CanComeAgain(InetDatagram datagram)
    {
        IPAddress to = new(InetEndpoint.Of(datagram.Destination).Address.Span);
        IPAddress from = new(InetEndpoint.Of(datagram.Source).Address.Span);
        bool isGroup = to.IsIPv6Multicast || (!InetEndpoint.Of(datagram.Destination).IsV6 && to.GetAddressBytes()[0] >= 224);
        return !isGroup && !from.IsIPv6LinkLocal;
    }

    private short Poll()
    {
        const short Readable = 1; // POLLIN
        Interop.pollfd poll = new() { fd = Socket, events = Readable };
        return Interop.poll(&poll, 1, 0) > 0 ? poll.revents : (short)0;
    }

    private void Set(int level, int option, int value) => Native.Check(
        $"setsockopt({level}, {option})", Interop.setsockopt(Socket, level, option, &value, sizeof(int)), description.Subject);
}
