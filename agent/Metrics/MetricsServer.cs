using System.Net;
using System.Net.Sockets;
using System.Text;
using LazyRestore.Agent.Listening;

namespace LazyRestore.Agent.Metrics;

/// <summary>Gives metrics to whoever fetches them over HTTP. What a client can cost is bounded: in number, in time and in memory.</summary>
public sealed class MetricsServer : IDisposable
{
    private const int LongestRequest = 8 << 10;
    private const int MostClients = 16;
    private const int Backlog = 16;
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _places = new(MostClients);
    private readonly Socket _listener;
    private readonly MetricsAddress _address;
    private readonly TimeSpan _patience;
    private Func<IEnumerable<Metric>> _metrics = static () => [];

    private MetricsServer(Socket listener, MetricsAddress address, TimeSpan patience)
    {
        _listener = listener;
        _address = address;
        _patience = patience;
        EndPoint = listener.LocalEndPoint!;
    }

    /// <summary>Where it listens; the port is the one that was chosen.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Where it listens, for people and programs: a URL, or unix:PATH.</summary>
    public string Location => _address.SocketPath is { } path ? $"unix:{path}" : $"http://{EndPoint}/metrics";

    /// <summary>Takes an address. Nobody is answered until <see cref="Begin"/>.</summary>
    /// <exception cref="LazyRestoreException">It cannot be had.</exception>
    public static MetricsServer Listen(MetricsAddress address) => Listen(address, TimeSpan.FromSeconds(5));

    /// <summary>Takes an address, with another time that a client has.</summary>
    internal static MetricsServer Listen(MetricsAddress address, TimeSpan patience)
    {
        if (address.SocketPath is { } path)
        {
            return new MetricsServer(ListeningSocket.At(path, Backlog), address, patience);
        }

        Socket socket = new(address.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address.EndPoint);
            socket.Listen(Backlog);
            return new MetricsServer(socket, address, patience);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new LazyRestoreException(
                FailureReason.Failed, $"metrics cannot be given at {address.EndPoint}: {problem.Message}", "Choose another address.", problem);
        }
    }

    /// <summary>Begins to answer.</summary>
    /// <param name="metrics">Makes the metrics of the moment; called on any thread, also by several at once.</param>
    public void Begin(Func<IEnumerable<Metric>> metrics)
    {
        _metrics = metrics;
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Ends it; clients that wait get nothing more.</summary>
    public void Dispose()
    {
        if (_end.IsCancellationRequested)
        {
            return;
        }

        _end.Cancel();
        _listener.Dispose();
        if (_address.SocketPath is { } path)
        {
            File.Delete(path);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_end.Token).ConfigureAwait(false);
                _ = AnswerAsync(await _listener.AcceptAsync(_end.Token).ConfigureAwait(false));
            }
            catch (SocketException)
            {
                // Such as too many open files: it passes.
                _ = _places.Release();
                await Task.Delay(s_breath).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        try
        {
            using NetworkStream stream = new(client, ownsSocket: true);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            patience.CancelAfter(_patience);
            string request = await RequestAsync(stream, patience.Token).ConfigureAwait(false);
            await stream.WriteAsync(Answer(request), patience.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever asked has left, or says too little in too much time.
        }
        finally
        {
            _ = _places.Release();
        }
    }

    private byte[] Answer(string request)
    {
        (string status, string type, string text) = request.Split(' ', 3) switch
        {
            ["GET", "/metrics" or "/", ..] => ("200 OK", PrometheusText.MediaType, PrometheusText.Of(_metrics())),
            ["GET", ..] => ("404 Not Found", "text/plain", "There is only /metrics.\n"),
            _ => ("400 Bad Request", "text/plain", "Ask with GET /metrics.\n"),
        };
        byte[] body = Encoding.UTF8.GetBytes(text);
        byte[] head = Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        return [.. head, .. body];
    }

    private static async Task<string> RequestAsync(NetworkStream stream, CancellationToken cancellation)
    {
        byte[] bytes = new byte[LongestRequest];
        int length = 0;
        while (length < bytes.Length && bytes.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int count = await stream.ReadAsync(bytes.AsMemory(length), cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException("the request ends early");
            }

            length += count;
        }

        return Encoding.ASCII.GetString(bytes, 0, length);
    }
}
