using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LazyRestore.Agent.Tests.Sources.Objects;

/// <summary>What a web server does to an answer.</summary>
internal enum WebMischief
{
    None,

    /// <summary>Ends the connection in the middle of the body.</summary>
    Cut,

    /// <summary>Changes a byte.</summary>
    Corrupt,

    /// <summary>Answers with other bytes than it was asked for, and says so.</summary>
    Shift,

    /// <summary>Says that it sends what it was asked for, but sends other bytes.</summary>
    LieAboutOffset,

    /// <summary>Announces fewer bytes than it was asked for.</summary>
    Shorten,

    /// <summary>Says that it is overloaded.</summary>
    Unavailable,

    /// <summary>Says that it is not for everybody.</summary>
    Forbid,

    /// <summary>Says nothing more.</summary>
    Silence,

    /// <summary>Sends the whole object with status 200.</summary>
    IgnoreRange,

    /// <summary>Sends what is no HTTP.</summary>
    Babble,
}

/// <summary>A web server with one file, on real sockets, that does to some of its answers what servers do.</summary>
internal sealed class WebServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private int _tricksLeft;
    private int _connections;

    internal WebServer(byte[] content)
    {
        Content = content;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>What there is.</summary>
    internal byte[] Content { get; set; }

    /// <summary>Its entity tag; null for none.</summary>
    internal string? Tag { get; set; } = "\"one\"";

    /// <summary>When it was written; null when that is not told.</summary>
    internal DateTimeOffset? Modified { get; set; }

    /// <summary>Whether conditions are looked at.</summary>
    internal bool KnowsConditions { get; set; } = true;

    /// <summary>What Retry-After says when it is overloaded, in seconds.</summary>
    internal int RetryAfter { get; set; }

    /// <summary>What the server does while tricks are left.</summary>
    internal WebMischief Mischief { get; private set; }

    /// <summary>The ranges that were asked for: offset and length.</summary>
    internal List<(long Offset, long Length)> Asked { get; } = [];

    /// <summary>The header fields Authorization that came.</summary>
    internal string? Authorization { get; private set; }

    /// <summary>How many connections were made.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Where the file is.</summary>
    internal string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/images/one.ckpt?secret");

    /// <summary>Plays a trick with so many of the next answers.</summary>
    internal void Play(WebMischief mischief, int answers)
    {
        Mischief = mischief;
        Volatile.Write(ref _tricksLeft, answers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
            client.NoDelay = true;
            _ = Interlocked.Increment(ref _connections);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                using StreamReader requests = new(stream, Encoding.Latin1);
                while (await RequestAsync(requests) is { } fields && await AnswerAsync(stream, fields))
                {
                }
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException)
            {
                // The client has left, or the test is over.
            }
        }
    }

    private async Task<Dictionary<string, string>?> RequestAsync(StreamReader requests)
    {
        if (await requests.ReadLineAsync(_end.Token) is null)
        {
            return null;
        }

        Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
        while (await requests.ReadLineAsync(_end.Token) is { Length: > 0 } line)
        {
            string[] parts = line.Split(": ", 2);
            fields[parts[0]] = parts[1];
        }

        return fields;
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, Dictionary<string, string> fields)
    {
        Authorization = fields.GetValueOrDefault("Authorization");
        string[] ends = fields["Range"]["bytes=".Length..].Split('-');
        int first = int.Parse(ends[0], CultureInfo.InvariantCulture);
        int last = Math.Min(int.Parse(ends[1], CultureInfo.InvariantCulture), Content.Length - 1);
        lock (Asked)
        {
            Asked.Add((first, last - first + 1));
        }

        if (KnowsConditions && IsOther(fields))
        {
            await SendAsync(stream, "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n");
            return true;
        }

        return Interlocked.Decrement(ref _tricksLeft) >= 0
            ? await TrickAsync(stream, first, last)
            : await SendRangeAsync(stream, first, last, first, Content.Length);
    }

    private bool IsOther(Dictionary<string, string> fields) =>
        (fields.TryGetValue("If-Match", out string? tag) && tag != Tag)
        || (fields.TryGetValue("If-Unmodified-Since", out string? time) && Modified > DateTimeOffset.Parse(time, CultureInfo.InvariantCulture));

    private async Task<bool> TrickAsync(NetworkStream stream, int first, int last)
    {
        int middle = first + ((last - first) / 2);
        switch (Mischief)
        {
            case WebMischief.Cut:
                await SendRangeAsync(stream, first, last, first, middle - first);
                return false;
            case WebMischief.Corrupt:
                await SendAsync(stream, Head(first, last));
                byte[] changed = Content[first..(last + 1)];
                changed[changed.Length / 2] ^= 0x10;
                await stream.WriteAsync(changed, _end.Token);
                return true;
            case WebMischief.Shift:
                return await SendRangeAsync(stream, Math.Max(0, first - 1), last - 1, Math.Max(0, first - 1), Content.Length);
            case WebMischief.LieAboutOffset:
                return await SendRangeAsync(stream, first, last, first > 4096 ? first - 4096 : 4096, Content.Length);
            case WebMischief.Shorten:
                return await SendRangeAsync(stream, first, middle, first, Content.Length);
            case WebMischief.Unavailable:
                await SendAsync(stream, $"HTTP/1.1 503 Busy\r\nRetry-After: {RetryAfter}\r\nContent-Length: 4\r\n\r\nbusy");
                return true;
            case WebMischief.Forbid:
                await SendAsync(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
                return true;
            case WebMischief.Silence:
                await SendRangeAsync(stream, first, last, first, middle - first);
                await Task.Delay(Timeout.Infinite, _end.Token);
                return false;
            case WebMischief.IgnoreRange:
                await SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {Content.Length}\r\n\r\n");
                await stream.WriteAsync(Content, _end.Token);
                return true;
            default:
                await SendAsync(stream, "SSH-2.0-babble\r\n");
                return false;
        }
    }

    private async Task<bool> SendRangeAsync(NetworkStream stream, int first, int last, int from, int most)
    {
        await SendAsync(stream, Head(first, last));
        await stream.WriteAsync(Content.AsMemory(from, Math.Min(last - first + 1, most)), _end.Token);
        return true;
    }

    private string Head(int first, int last) => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 206 Partial Content\r\n{(Tag is null ? "" : $"ETag: {Tag}\r\n")}{(Modified is { } time ? $"Last-Modified: {time:R}\r\n" : "")}"
        + $"Content-Range: bytes {first}-{last}/{Content.Length}\r\nContent-Length: {last - first + 1}\r\n\r\n");

    private async Task SendAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text), _end.Token);
}
