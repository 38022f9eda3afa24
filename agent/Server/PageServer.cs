using System.IO.Pipelines;
using System.Net.Sockets;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>Serves images to any number of clients.</summary>
/// <param name="path">An image, or a folder of images.</param>
/// <param name="observe">Hears of clients that come and go, and why.</param>
public sealed class PageServer(string path, Action<string> observe) : IDisposable
{
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(10);
    private readonly ServedImages _images = new(path);
    private readonly Lock _lock = new();
    private readonly Dictionary<ClientSession, Task> _sessions = [];
    private readonly CancellationTokenSource _end = new();
    private bool _isDraining;

    /// <summary>Serves whoever connects to a socket that listens, until the token is cancelled; then what was asked for is still sent.</summary>
    public async Task ListenAsync(Socket listener, CancellationToken drain)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptAsync(drain).ConfigureAwait(false);
                _ = Start(ByteChannel.Of(socket));
            }
        }
        catch (OperationCanceledException)
        {
            await DrainAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Serves one client on a pair of streams until it leaves.</summary>
    public async Task ServeAsync(Stream input, Stream output, CancellationToken drain)
    {
        Task session = Start(ByteChannel.Of(input, output));
        if (await Task.WhenAny(session, Task.Delay(Timeout.Infinite, drain)).ConfigureAwait(false) != session)
        {
            await DrainAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _images.Dispose();
    }

    private Task Start(ByteChannel channel)
    {
        ClientSession session = new(channel, _images);
        lock (_lock)
        {
            Task run = RunAsync(session, channel);
            _sessions[session] = run;
            if (_isDraining)
            {
                session.Drain();
            }

            return run;
        }
    }

    private async Task RunAsync(ClientSession session, ByteChannel channel)
    {
        await Task.Yield();
        string problem = "it has left";
        try
        {
            await session.RunAsync(_end.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Whatever a client has done, it ends nothing but its own connection.
            problem = failure.Message;
        }
        finally
        {
            channel.Dispose();
            lock (_lock)
            {
                _ = _sessions.Remove(session);
            }
        }

        observe($"a client is gone: {problem}");
    }

    private async Task DrainAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _isDraining = true;
            foreach (ClientSession session in _sessions.Keys)
            {
                session.Drain();
            }

            running = [.. _sessions.Values];
        }

        _ = await Task.WhenAny(Task.WhenAll(running), Task.Delay(s_drain)).ConfigureAwait(false);
        await _end.CancelAsync().ConfigureAwait(false);
    }
}
