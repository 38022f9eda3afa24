using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Metrics as Prometheus would fetch them.</summary>
internal sealed class Scrape
{
    private readonly string[] _lines;

    private Scrape(string text) => _lines = text.Split('\n');

    /// <summary>Fetches them.</summary>
    internal static Scrape Of(string address)
    {
        using SocketsHttpHandler handler = new();
        if (address.StartsWith("unix:", StringComparison.Ordinal))
        {
            UnixDomainSocketEndPoint socket = new(address["unix:".Length..]);
            handler.ConnectCallback = async (_, cancellation) => await ConnectAsync(socket, cancellation);
            address = "http://localhost/metrics";
        }

        using HttpClient client = new(handler);
        return new(client.GetStringAsync(address).GetAwaiter().GetResult());
    }

    /// <summary>The address in the event "metrics" of a command that runs with --json; null before it is told.</summary>
    internal static string? AddressIn(string output) => output.Split('\n').Where(static line => line.Contains("\"metrics\"", StringComparison.Ordinal))
        .Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("address").GetString()).FirstOrDefault();

    private static async Task<Stream> ConnectAsync(UnixDomainSocketEndPoint address, CancellationToken cancellation)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(address, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The sum of a metric's numbers whose labels contain a text.</summary>
    internal double Sum(string name, string labels = "") => _lines
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
        .Where(line => line.Contains(labels, StringComparison.Ordinal))
        .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
