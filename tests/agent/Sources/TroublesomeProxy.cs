using System.Net.Sockets;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>What a proxy does to the bytes from server to client.</summary>
internal enum Mischief
{
    None,

    /// <summary>Ends the connection in the middle.</summary>
    Cut,

    /// <summary>Changes a byte.</summary>
    Corrupt,

    /// <summary>Sends a piece twice.</summary>
    Duplicate,
}

/// <summary>Passes bytes on between UNIX sockets, and plays a trick on each of its first connections once it is told to.</summary>
internal sealed class TroublesomeProxy : IDisposable
{
    private const int Tricks = 6;
    private const int BytesBeforeATrick = 700_000;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly string _server;
    private readonly Mischief _mischief;
    private volatile bool _begun;
    private int _tricks;

    internal TroublesomeProxy(string path, string server, Mischief mischief)
    {
        Path = path;
        _server = server;
        _mischief = mischief;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = AcceptAsync();
    }

    internal string Path { get; }

    internal void Begin() => _begun = true;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            Socket client = await _listener.AcceptAsync(_end.Token);
            Socket server = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_server), _end.Token);
            _ = PassAsync(client, server, plays: false);
            _ = PassAsync(server, client, plays: true);
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool plays)
    {
        byte[] buffer = new byte[64 << 10];
        long passed = 0;
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _end.Token)) > 0)
            {
                passed += _begun ? count : 0;
                if (plays && passed > BytesBeforeATrick && _mischief != Mischief.None && Interlocked.Increment(ref _tricks) <= Tricks)
                {
                    passed = 0;
                    if (_mischief == Mischief.Cut)
                    {
                        _ = await to.SendAsync(buffer.AsMemory(0, count / 2));
                        break;
                    }

                    buffer[count / 2] ^= _mischief == Mischief.Corrupt ? (byte)0x40 : (byte)0;
                    _ = await to.SendAsync(buffer.AsMemory(0, _mischief == Mischief.Duplicate ? count : 0));
                }

                await SendAllAsync(to, buffer.AsMemory(0, count));
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction, or the end of the test.
        }

        from.Dispose();
        to.Dispose();
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes)..];
        }
    }
}
