using System.Net.Security;
using System.Net.Sockets;
using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Server;

/// <summary>Serves images to any number of clients.</summary>
public sealed class PageServer : IDisposable
{
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(50);
    private readonly ServedImages _images;
    private readonly PageServerOptions _options;
    private readonly Action<string> _observe;
    private readonly Gatekeeper _gate;
    private readonly SslServerAuthenticationOptions? _encryption;
    private readonly Lock _lock = new();
    private readonly LinkedList<ServedClient> _clients = new();
    private readonly CancellationTokenSource _end = new();
    private bool _isDraining;

    /// <summary>Creates the server; nobody is served yet.</summary>
    /// <param name="path">An image, or a folder of images.</param>
    /// <param name="options">Whom to serve.</param>
    /// <param name="observe">Hears of clients that come and go, and why.</param>
    /// <exception cref="LazyRestoreException">The token or a certificate cannot be used.</exception>
    public PageServer(string path, PageServerOptions options, Action<string> observe)
    {
        _images = new ServedImages(path);
        _options = options;
        _observe = observe;
        _gate = Gatekeeper.Of(options.TokenFile);
        _encryption = options.Certificate is { } certificate
            ? Encryption.OfServer(certificate, options.Key, options.ClientAuthority)
            : null;
    }

    /// <summary>Serves whoever connects to a socket that listens, until the token is cancelled; then what was asked for is still sent.</summary>
    /// <param name="listener">The socket.</param>
    /// <param name="isEncrypted">Whether clients have to speak TLS there.</param>
    /// <param name="drain">Ends it.</param>
    public async Task ListenAsync(Socket listener, bool isEncrypted, CancellationToken drain)
    {
        while (!drain.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(drain).ConfigureAwait(false);
                ByteChannel.Prepare(socket);
                _ = Serve(new NetworkStream(socket, ownsSocket: true), isEncrypted);
            }
            catch (OperationCanceledException)
            {
                // What was asked for is sent.
            }
            catch (SocketException problem)
            {
                // Such as too many open files: it passes when a client leaves.
                _observe($"a client cannot be accepted: {problem.Message}");
                await Task.Delay(s_breath, CancellationToken.None).ConfigureAwait(false);
            }
        }

        await DrainAsync().ConfigureAwait(false);
    }

    /// <summary>Serves one client on a pair of streams until it leaves.</summary>
    public async Task ServeAsync(Stream input, Stream output, CancellationToken drain)
    {
        Task serving = Serve(new ServedClient(_images, _gate, _options.Timeouts, _ => Task.FromResult(ByteChannel.Of(input, output))));
        if (await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, drain)).ConfigureAwait(false) != serving)
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

    private Task Serve(Stream stream, bool isEncrypted) =>
        Serve(new ServedClient(_images, _gate, _options.Timeouts, cancellation => isEncrypted ? EncryptAsync(stream, cancellation) : Task.FromResult(ByteChannel.Of(stream)), stream));

    private async Task<ByteChannel> EncryptAsync(Stream stream, CancellationToken cancellation)
    {
        SslStream encrypted = new(stream);
        await encrypted.AuthenticateAsServerAsync(_encryption!, cancellation).ConfigureAwait(false);
        return ByteChannel.Of(encrypted);
    }

    private Task Serve(ServedClient client)
    {
        lock (_lock)
        {
            if (_clients.Count >= _options.MostClients)
            {
                client.End("there are too many others");
            }

            ServedClient[] strangers = [.. _clients.Where(static other => !other.IsGreeted)];
            if (strangers.Length >= _options.MostStrangers)
            {
                strangers[0].End("it has not said who it is, and others want to come in");
            }

            LinkedListNode<ServedClient> place = _clients.AddLast(client);
            client.Running = RunAsync(place);
            if (_isDraining)
            {
                client.Drain();
            }

            return client.Running;
        }
    }

    private async Task RunAsync(LinkedListNode<ServedClient> place)
    {
        await Task.Yield();
        string problem = await place.Value.RunAsync(_end.Token).ConfigureAwait(false);
        lock (_lock)
        {
            _clients.Remove(place);
        }

        _observe($"a client is gone: {problem}");
    }

    private async Task DrainAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _isDraining = true;
            foreach (ServedClient client in _clients)
            {
                client.Drain();
            }

            running = [.. _clients.Select(static client => client.Running)];
        }

        _ = await Task.WhenAny(Task.WhenAll(running), Task.Delay(_options.Timeouts.Drain)).ConfigureAwait(false);
        await _end.CancelAsync().ConfigureAwait(false);
    }
}
