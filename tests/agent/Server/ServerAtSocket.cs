using System.Net.Sockets;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Server;

namespace LazyRestore.Agent.Tests.Server;

/// <summary>A page server at a UNIX socket.</summary>
internal sealed class ServerAtSocket : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly PageServer _server;
    private readonly string _socket;

    /// <summary>Starts it.</summary>
    internal ServerAtSocket(string images, string socket, PageServerOptions? options = null)
    {
        _socket = socket;
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _server = new PageServer(images, options ?? new PageServerOptions { Timeouts = Short }, static _ => { });
        _ = _server.ListenAsync(_listener, isEncrypted: false, _end.Token);
    }

    /// <summary>Time-outs that tests can wait for, and that a machine with much to do keeps.</summary>
    internal static PageTimeouts Short { get; } = new()
    {
        KeepAlive = TimeSpan.FromMilliseconds(100),
        Stall = TimeSpan.FromMilliseconds(800),
        OpeningWithCache = TimeSpan.FromMilliseconds(300),
        Silence = TimeSpan.FromMilliseconds(800),
        Greeting = TimeSpan.FromSeconds(1),
        Break = TimeSpan.FromSeconds(0.5),
        Demand = TimeSpan.FromSeconds(2),
        Bulk = TimeSpan.FromSeconds(5),
        Drain = TimeSpan.FromSeconds(1),
    };

    /// <summary>Ends it at once.</summary>
    public void Dispose()
    {
        _server.Dispose();
        _end.Cancel();
        _listener.Dispose();
        File.Delete(_socket);
        _end.Dispose();
    }
}
