using System.Globalization;
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
        using HttpClient client = new();
        return new(client.GetStringAsync(address).GetAwaiter().GetResult());
    }

    /// <summary>The address in the event "metrics" of a command that runs with --json; null before it is told.</summary>
    internal static string? AddressIn(string output) => output.Split('\n').Where(static line => line.Contains("\"metrics\"", StringComparison.Ordinal))
        .Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("address").GetString()).FirstOrDefault();

    /// <summary>The sum of a metric's numbers whose labels contain a text.</summary>
    internal double Sum(string name, string labels = "") => _lines
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
        .Where(line => line.Contains(labels, StringComparison.Ordinal))
        .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
