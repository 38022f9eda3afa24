using System.Net;
using System.Net.Sockets;
using System.Text;
using LazyRestore.Agent.Metrics;

namespace LazyRestore.Agent.Tests.Metrics;

public sealed class MetricsServerTests : IDisposable
{
    private static readonly Metric s_metric = new("a.b", MetricKind.Gauge, "{x}", "What it says.", [MetricSample.Of(3)]);
    private readonly string _socket = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_socket);

    [Fact]
    public async Task MetricsComeOverHttp()
    {
        using MetricsServer server = Start("127.0.0.1:0");
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(server.Location);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Contains("\na_b 3\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"http://{server.EndPoint}/secrets")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync(server.Location, new StringContent("x"))).StatusCode);
    }

    [Fact]
    public async Task MetricsComeThroughAUnixSocket()
    {
        using MetricsServer server = Start("unix:" + _socket);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_socket));
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (_, cancellation) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpClient client = new(handler);
        Assert.Contains("\na_b 3\n", await client.GetStringAsync("http://localhost/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoSaysNothingOrTooMuchHoldsUpNobody()
    {
        using MetricsServer server = Start("127.0.0.1:0", TimeSpan.FromMilliseconds(200));
        const int MoreThanThereArePlaces = 40;
        List<Socket> strangers = [];
        for (int count = 0; count < MoreThanThereArePlaces; count++)
        {
            Socket stranger = new(SocketType.Stream, ProtocolType.Tcp);
            strangers.Add(stranger);
            await stranger.ConnectAsync(server.EndPoint);
            if (count % 2 == 0)
            {
                await stranger.SendAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nX: " + new string('x', 64 << 10)));
            }
        }

        using HttpClient client = new();
        Assert.Contains("\na_b 3\n", await client.GetStringAsync(server.Location), StringComparison.Ordinal);
        strangers.ForEach(static stranger => stranger.Dispose());
    }

    [Fact]
    public void AnAddressThatIsTakenIsRefused()
    {
        using MetricsServer server = Start("127.0.0.1:0");
        var problem = Assert.Throws<LazyRestoreException>(() => MetricsServer.Listen(new MetricsAddress(server.EndPoint)));
        Assert.Contains(server.EndPoint.ToString()!, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:9464", true)]
    [InlineData("[::1]:9464", true)]
    [InlineData("unix:/run/metrics.sock", true)]
    [InlineData("0.0.0.0:9464", false)]
    [InlineData("192.0.2.1:9464", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("localhost:9464", false)]
    [InlineData("unix:", false)]
    [InlineData("", false)]
    public void OnlyAddressesOfThisHostAreTaken(string text, bool isTaken)
    {
        Assert.Equal(isTaken, MetricsAddress.TryParse(text, out string problem) is not null);
        Assert.Equal(isTaken, problem is "");
    }

    private static MetricsServer Start(string address, TimeSpan? patience = null)
    {
        var server = MetricsServer.Listen(MetricsAddress.TryParse(address, out _)!, patience ?? TimeSpan.FromSeconds(10));
        server.Begin(static () => [s_metric]);
        return server;
    }
}
