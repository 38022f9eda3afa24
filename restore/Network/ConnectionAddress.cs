using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Network;

/// <summary>What tells a TCP connection from all others on a host.</summary>
/// <param name="Local">This end.</param>
/// <param name="Peer">The other end.</param>
public readonly record struct ConnectionAddress(InetEndpoint Local, InetEndpoint Peer)
{
    /// <summary>That of a saved connection.</summary>
    public static ConnectionAddress Of(TcpConnectionRecord connection) =>
        new(InetEndpoint.Of(connection.LocalAddress), InetEndpoint.Of(connection.PeerAddress));

    /// <inheritdoc/>
    public override string ToString() => $"{Local} -> {Peer}";
}
