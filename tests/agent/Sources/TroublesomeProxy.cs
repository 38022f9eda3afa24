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

    /// <summary>Leaves a part of a piece out.</summary>
    Truncate,

    /// <summary>Passes nothing on from there, and ends nothing.</summary>
    Stall,

    /// <summary>Holds every piece for a while.</summary>
    Delay,

    /// <summary>Passes little at a time.</summary>
    Throttle,
}

/// <summary>Passes bytes on between UNIX sockets, and plays a trick on each of its first connections once it is told to.</summary>
internal sealed class TroublesomeProxy : IDisposable
{
    private const int BytesBeforeATrick = 700_000;
    private const int ThrottledBytes = 3000;
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(2);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly string _server;
    private readonly Mischief _mischief;
    private volatile bool _begun;
    private TaskCompletionSource _link = new();
    private readonly int _tricksToPlay;
    private int _tricks;

    internal TroublesomeProxy(string path, string server, Mischief mischief)
    {
        Path = path;
        _server = server;
        _mischief = mischief;
        _tricksToPlay = mischief == Mischief.Stall ? 2 : 6;
        _link.SetResult();
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = AcceptAsync();
    }

    internal string Path { get; }

    internal void Begin() => _begun = true;

    /// <summary>The link dies: nothing arrives any more, and nobody is told.</summary>
    internal void Sever() => Volatile.Write(ref _link, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>The link is back.</summary>
    internal void Mend() => Volatile.Read(ref _link).TrySetResult();

    public void Dispose()
    {
        Mend();
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            Socket client = await _listener.AcceptAsync(_end.Token);
            _ = ConnectAsync(client);
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        Socket server = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_server), _end.Token);
        }
        catch (SocketException)
        {
            client.Dispose();
            return;
        }

        _ = PassAsync(client, server, plays: false);
        _ = PassAsync(server, client, plays: true);
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
                await Volatile.Read(ref _link).Task;
                passed += _begun ? count : 0;
                if (!plays || !_begun)
                {
                    await SendAllAsync(to, buffer.AsMemory(0, count));
                }
                else if (_mischief is Mischief.Delay or Mischief.Throttle)
                {
                    await SendSlowlyAsync(to, buffer.AsMemory(0, count));
                }
                else if (passed <= BytesBeforeATrick || Interlocked.Increment(ref _tricks) > _tricksToPlay)
                {
                    await SendAllAsync(to, buffer.AsMemory(0, count));
                }
                else
                {
                    passed = 0;
                    if (!await PlayAsync(to, buffer, count))
                    {
                        break;
                    }
                }
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction, or the end of the test.
        }

        from.Dispose();
        to.Dispose();
    }

    // False when nothing more is to pass.
    private async Task<bool> PlayAsync(Socket to, byte[] buffer, int count)
    {
        switch (_mischief)
        {
            case Mischief.Cut:
                await SendAllAsync(to, buffer.AsMemory(0, count / 2));
                return false;
            case Mischief.Stall:
                await Task.Delay(Timeout.Infinite, _end.Token);
                return false;
            case Mischief.Truncate:
                await SendAllAsync(to, buffer.AsMemory(0, count / 2));
                return true;
            case Mischief.Corrupt:
                buffer[count / 2] ^= 0x40;
                break;
            case Mischief.Duplicate:
                await SendAllAsync(to, buffer.AsMemory(0, count));
                break;
        }

        await SendAllAsync(to, buffer.AsMemory(0, count));
        return true;
    }

    private async Task SendSlowlyAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        if (_mischief == Mischief.Delay)
        {
            await Task.Delay(s_delay, _end.Token);
        }

        int most = _mischief == Mischief.Throttle ? ThrottledBytes : bytes.Length;
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(most, bytes.Length);
            await SendAllAsync(to, bytes[..count]);
            bytes = bytes[count..];
        }
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes)..];
        }
    }
}
