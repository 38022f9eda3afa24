using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>A connection to a server, from the first byte to the last: encryption if there is any, then a session.</summary>
/// <param name="images">What it may have.</param>
/// <param name="gate">Who knows whether it may.</param>
/// <param name="timeouts">How long to wait for it.</param>
/// <param name="open">Makes the channel.</param>
/// <param name="stream">What is to be closed when there is no channel.</param>
internal sealed class ServedClient(
    ServedImages images, Gatekeeper gate, PageTimeouts timeouts, Func<CancellationToken, Task<ByteChannel>> open, Stream? stream = null)
{
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private ClientSession? _session;
    private string? _reason;
    private bool _isDraining;

    /// <summary>Whether the client has said who it is.</summary>
    internal bool IsGreeted => _session is { IsGreeted: true };

    /// <summary>Ends with the connection.</summary>
    internal Task Running { get; set; } = Task.CompletedTask;

    /// <summary>Serves until the client leaves or has to.</summary>
    /// <returns>Why it is gone.</returns>
    internal async Task<string> RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _end.Token);
        try
        {
            using ByteChannel channel = await OpenAsync(ending.Token).ConfigureAwait(false);
            ClientSession session = new(channel, images, gate, timeouts);
            lock (_lock)
            {
                _session = session;
                if (_isDraining)
                {
                    session.Drain();
                }
            }

            await session.RunAsync(ending.Token).ConfigureAwait(false);
            return "it has left";
        }
        catch (Exception failure)
        {
            // Whatever a client has done, it ends nothing but its own connection.
            return _reason ?? failure.Message;
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes no further requests, and ends when all is sent that was asked for before.</summary>
    internal void Drain()
    {
        lock (_lock)
        {
            _isDraining = true;
            _session?.Drain();
        }
    }

    /// <summary>Ends it at once.</summary>
    internal void End(string reason)
    {
        _reason = reason;
        _end.Cancel();
    }

    private async Task<ByteChannel> OpenAsync(CancellationToken cancellation)
    {
        using var greeting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        greeting.CancelAfter(timeouts.Greeting);
        return await open(greeting.Token).ConfigureAwait(false);
    }
}
