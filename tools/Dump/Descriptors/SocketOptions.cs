using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Finds the options of a socket that differ from those of a new one: it is compared with a new one.</summary>
internal static class SocketOptions
{
    private const int SO_SNDBUF = 7;
    private const int SO_RCVBUF = 8;
    private const int LargestValue = 64;

    // Those that getsockopt(2) tells as setsockopt(2) takes them, by their numbers in asm-generic/socket.h: REUSEADDR, DONTROUTE,
    // BROADCAST, SNDBUF, RCVBUF, KEEPALIVE, OOBINLINE, PRIORITY, LINGER, REUSEPORT, PASSCRED, RCVLOWAT, RCVTIMEO, SNDTIMEO,
    // BINDTODEVICE, TIMESTAMP, PASSSEC, TIMESTAMPNS, MARK, RXQ_OVFL, NOFCS, SELECT_ERR_QUEUE, BUSY_POLL, MAX_PACING_RATE, ZEROCOPY,
    // PREFER_BUSY_POLL, BUSY_POLL_BUDGET, RCVMARK, PASSPIDFD.
    private static readonly int[] General =
        [2, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 18, 20, 21, 25, 29, 34, 35, 36, 40, 43, 45, 46, 47, 60, 69, 70, 75, 76];

    // TCP_NODELAY, MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT, WINDOW_CLAMP, CONGESTION,
    // THIN_LINEAR_TIMEOUTS, THIN_DUPACK, USER_TIMEOUT, FASTOPEN, NOTSENT_LOWAT, SAVE_SYN, FASTOPEN_CONNECT, FASTOPEN_NO_COOKIE, INQ.
    private static readonly int[] Tcp = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 17, 18, 23, 25, 27, 30, 34, 36];

    // UDP_CORK, ENCAP, NO_CHECK6_TX, NO_CHECK6_RX, SEGMENT, GRO.
    private static readonly int[] Udp = [1, 100, 101, 102, 103, 104];

    // IP_TOS, TTL, RECVOPTS, PKTINFO, MTU_DISCOVER, RECVERR, RECVTTL, RECVTOS, FREEBIND, TRANSPARENT, RECVORIGDSTADDR, MINTTL,
    // BIND_ADDRESS_NO_PORT, RECVFRAGSIZE, RECVERR_RFC4884, LOCAL_PORT_RANGE.
    private static readonly int[] V4 = [1, 2, 6, 8, 10, 11, 12, 13, 15, 19, 20, 21, 24, 25, 26, 51];

    // IP_MULTICAST_IF, TTL, LOOP, ALL, UNICAST_IF; connections take none of them.
    private static readonly int[] Multicast4 = [32, 33, 34, 49, 50];

    // IPV6_UNICAST_HOPS, MTU_DISCOVER, RECVERR, V6ONLY, RECVERR_RFC4884, RECVPKTINFO, RECVHOPLIMIT, RECVPATHMTU, DONTFRAG, RECVTCLASS,
    // TCLASS, AUTOFLOWLABEL, MINHOPCOUNT, RECVORIGDSTADDR, TRANSPARENT, RECVFRAGSIZE, FREEBIND.
    private static readonly int[] V6 = [16, 23, 25, 26, 31, 49, 51, 60, 62, 66, 67, 70, 73, 74, 75, 77, 78];

    // IPV6_MULTICAST_IF, HOPS, LOOP, ALL, UNICAST_IF.
    private static readonly int[] Multicast6 = [17, 18, 19, 29, 76];

    // NETLINK_PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, LISTEN_ALL_NSID, CAP_ACK, EXT_ACK, GET_STRICT_CHK.
    private static readonly int[] Netlink = [3, 4, 5, 8, 10, 11, 12];

    /// <summary>
    /// The options that differ, each with the value that setsockopt(2) takes. The kernel doubles buffer sizes when they are set;
    /// here they stand as they were set.
    /// </summary>
    public static IReadOnlyList<SocketOption> Differing(OpenDescriptor socket, int family, int type, int protocol)
    {
        int number = Native.Check(
            "socket", Interop.socket(family, type | Interop.SOCK_CLOEXEC, protocol), $"family {family}, type {type}");
        using SafeFileHandle fresh = new(number, ownsHandle: true);
        List<SocketOption> options = [];
        foreach ((int level, int name) in Candidates(family, protocol))
        {
            byte[]? value = SocketQuery.Bytes(socket.Here, level, name, LargestValue);
            byte[]? usual = SocketQuery.Bytes(number, level, name, LargestValue);
            if (value is not null && (usual is null || !value.AsSpan().SequenceEqual(usual)))
            {
                options.Add(new SocketOption(level, name, AsSet(level, name, value)));
            }
        }

        return options;
    }

    private static IEnumerable<(int Level, int Name)> Candidates(int family, int protocol)
    {
        IEnumerable<(int Level, int Name)> Of(int level, int[] names) => names.Select(name => (level, name));
        IEnumerable<(int Level, int Name)> candidates = Of(Interop.SOL_SOCKET, General);
        if (family == Interop.AF_NETLINK)
        {
            candidates = candidates.Concat(Of(Interop.SOL_NETLINK, Netlink));
        }
        else if (family != Interop.AF_UNIX)
        {
            candidates = candidates.Concat(Of(Interop.IPPROTO_IP, V4));
            candidates = protocol == Interop.IPPROTO_TCP
                ? candidates.Concat(Of(protocol, Tcp))
                : candidates.Concat(Of(protocol, Udp)).Concat(Of(Interop.IPPROTO_IP, Multicast4));
        }

        if (family == Interop.AF_INET6)
        {
            candidates = candidates.Concat(Of(Interop.IPPROTO_IPV6, V6));
            candidates = protocol == Interop.IPPROTO_TCP ? candidates : candidates.Concat(Of(Interop.IPPROTO_IPV6, Multicast6));
        }

        return candidates;
    }

    private static byte[] AsSet(int level, int name, byte[] value)
    {
        if (level == Interop.SOL_SOCKET && name is SO_SNDBUF or SO_RCVBUF)
        {
            BinaryPrimitives.WriteInt32LittleEndian(value, BinaryPrimitives.ReadInt32LittleEndian(value) / 2);
        }

        return value;
    }
}
