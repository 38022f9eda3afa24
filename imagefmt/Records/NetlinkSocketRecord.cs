namespace LazyRestore.ImageFormat.Records;

/// <summary>A netlink socket that has nothing waiting, netlink(7).</summary>
public sealed record NetlinkSocketRecord : SocketRecord
{
    /// <summary>NETLINK_*.</summary>
    public required int Protocol { get; init; }

    /// <summary>The raw address it is bound to, with the family.</summary>
    public required ReadOnlyMemory<byte> LocalAddress { get; init; }

    /// <summary>The raw address it is connected to, with the family.</summary>
    public required ReadOnlyMemory<byte> PeerAddress { get; init; }

    /// <summary>The multicast groups it belongs to, ascending.</summary>
    public required IReadOnlyList<uint> Groups { get; init; }
}
