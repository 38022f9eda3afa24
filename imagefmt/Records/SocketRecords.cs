namespace LazyRestore.ImageFormat.Records;

/// <summary>A socket option that can be read back and set again, getsockopt(2).</summary>
public readonly record struct SocketOption(int Level, int Name, ReadOnlyMemory<byte> Value);

/// <summary>What every socket has, socket(7).</summary>
public abstract record SocketRecord : OpenFileRecord
{
    /// <summary>The inode number, which tells sockets apart within an image.</summary>
    public required ulong Inode { get; init; }

    /// <summary>SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.</summary>
    public required int Type { get; init; }

    /// <summary>
    /// Options that differ from those of a new socket, with the values that setsockopt(2) takes: SO_SNDBUF and SO_RCVBUF stand as they
    /// were set, not doubled as getsockopt(2) tells them.
    /// </summary>
    public required IReadOnlyList<SocketOption> Options { get; init; }

    /// <summary>Whether the socket listens.</summary>
    public required bool Listening { get; init; }

    /// <summary>The backlog of a listening socket.</summary>
    public required int Backlog { get; init; }
}

/// <summary>A UNIX-domain socket, unix(7): unconnected, listening, or one of a pair inside the process.</summary>
public sealed record UnixSocketRecord : SocketRecord
{
    /// <summary>The address it is bound to, without the family: a path, or an abstract name after a zero byte; empty when unnamed.</summary>
    public required ReadOnlyMemory<byte> Address { get; init; }

    /// <summary>The <see cref="SocketRecord.Inode"/> of the peer inside the process; 0 for none.</summary>
    public required ulong PeerInode { get; init; }

    /// <summary>Whether the socket was connected, and its peer has been closed since.</summary>
    public required bool PeerClosed { get; init; }

    /// <summary>SHUT_RD (1) and SHUT_WR (2) bits that were shut down.</summary>
    public required int ShutDown { get; init; }

    /// <summary>What waits to be received, a message each for datagram and seqpacket sockets.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> ReceiveQueue { get; init; }
}

/// <summary>A TCP or UDP socket over IPv4 or IPv6 that listens or is unconnected, ip(7).</summary>
public sealed record InetSocketRecord : SocketRecord
{
    /// <summary>AF_INET or AF_INET6.</summary>
    public required int Family { get; init; }

    /// <summary>IPPROTO_TCP or IPPROTO_UDP.</summary>
    public required int Protocol { get; init; }

    /// <summary>The raw socket address it is bound to, with the family; empty when unbound.</summary>
    public required ReadOnlyMemory<byte> LocalAddress { get; init; }

    /// <summary>The raw socket address of a connected UDP socket's peer; empty for none.</summary>
    public required ReadOnlyMemory<byte> PeerAddress { get; init; }

    /// <summary>Whether it was a TCP connection, which the process finds aborted (ECONNABORTED).</summary>
    public bool Aborted { get; init; }

    /// <summary>What waits to be received by a UDP socket, in order.</summary>
    public IReadOnlyList<InetDatagram> Datagrams { get; init; } = [];
}

/// <summary>A datagram that waits to be received.</summary>
/// <param name="Source">The raw socket address of who sent it, with the family.</param>
/// <param name="Destination">The raw socket address that it was sent to, with the family.</param>
/// <param name="Content">What it holds.</param>
public readonly record struct InetDatagram(ReadOnlyMemory<byte> Source, ReadOnlyMemory<byte> Destination, ReadOnlyMemory<byte> Content);
