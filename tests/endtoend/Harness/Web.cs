namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Questions to the HTTP server among the targets, each over a connection of its own that is closed afterwards.</summary>
internal static class Web
{
    internal static async Task<string> Ask(int port, string path)
    {
        using HttpClient client = new() { Timeout = Deadline.Usual };
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://127.0.0.1:{port}/{path}");
        request.Headers.ConnectionClose = true;
        using HttpResponseMessage response = await client.SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}
