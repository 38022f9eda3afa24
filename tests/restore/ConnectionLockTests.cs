using System.Net;
using System.Net.Sockets;
using LazyRestore.Restore.Network;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>The packet filter holds back the segments of a connection, and no others.</summary>
public sealed class ConnectionLockTests
{
    [Fact]
    public void ALockHoldsBackSegmentsUntilItIsGone()
    {
        using Pair held = new();
        using Pair free = new();
        using (ConnectionLock.Take([held.Address]))
        {
            held.Client.Send("held"u8);
            free.Client.Send("free"u8);
            Assert.True(free.Server.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));
            Assert.Equal(0, held.Server.Available);
        }

        Assert.True(held.Server.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead));
    }

    [Fact]
    public void AKeptLockStaysUntilItIsReleased()
    {
        using Pair held = new();
        string name = $"lazyrestore-test-{Environment.ProcessId}";
        using (ConnectionLock taken = ConnectionLock.Take([held.Address]))
        {
            taken.Keep(name);
        }

        try
        {
            held.Client.Send("held"u8);
            Assert.False(held.Server.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead));
        }
        finally
        {
            Assert.True(ConnectionLock.Release(name));
        }

        Assert.False(ConnectionLock.Release(name));
        Assert.True(held.Server.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead));
    }

    [Fact]
    public void ManyConnectionsAreLockedAtOnce()
    {
        using Pair last = new();
        ConnectionAddress[] many = [.. Enumerable.Range(1, 300).Select(n => last.Address with { Peer = last.Address.Peer with { Port = (ushort)n } }), last.Address];
        using (ConnectionLock.Take(many))
        {
            last.Client.Send("held"u8);
            Assert.False(last.Server.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead));
        }

        Assert.True(last.Server.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead));
    }

    private sealed class Pair : IDisposable
    {
        internal Pair()
        {
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            Client.Connect(listener.LocalEndPoint!);
            Server = listener.Accept();
        }

        internal Socket Client { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        internal Socket Server { get; }

        internal ConnectionAddress Address => new(End(Server.LocalEndPoint), End(Server.RemoteEndPoint));

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }

        private static InetEndpoint End(EndPoint? point) => point is IPEndPoint inet
            ? new InetEndpoint(inet.Address.GetAddressBytes(), (ushort)inet.Port)
            : throw new InvalidOperationException("not connected");
    }
}
