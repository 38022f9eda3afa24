using System.Net;
using System.Net.Sockets;
using System.Text;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Server;

/// <summary>Who may not have the images gets nothing, and keeps nobody from them.</summary>
public sealed class StrangerTests : IDisposable
{
    private const string Name = "one-with-secrets";
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private readonly ServedImage _served = new(ExtentCodec.None);
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-strangers-").FullName;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _end = new();
    private PageServer? _server;

    public StrangerTests()
    {
        Directory.CreateDirectory(Images);
        File.Copy(_served.FilePath, Path.Combine(Images, Name));
        File.WriteAllText(TokenFile, "open sesame\n");
    }

    private string Images => Path.Combine(_folder, "images");

    private string TokenFile => Path.Combine(_folder, "token");

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("open sesam")]
    [InlineData("open sesame ")]
    public async Task WithoutTheTokenThereIsNotEvenAName(string? token)
    {
        Listen(new PageServerOptions { TokenFile = TokenFile, Timeouts = ServerAtSocket.Short });
        string said = await SayAsync(
            [
                .. Frames.Hello(new HelloFrame(1 << 20, token, [])), .. Frames.Numbers(FrameKind.List, 1), .. Frames.Open(2, Name),
                .. Frames.Numbers(FrameKind.Manifest, 3, 2), .. Frames.Numbers(FrameKind.Advice, 4, 2),
            ]);
        Assert.Equal(Encoding.Latin1.GetString(Frames.Error(0, "unauthorized", "the token is missing or wrong")), said);
    }

    [Fact]
    public void WithTheTokenThereIs()
    {
        Listen(new PageServerOptions { TokenFile = TokenFile });
        using CheckpointImage image = Open("tcp", new RemoteCredentials { TokenFile = TokenFile });
        Assert.True(image.Verify().IsIntact);
        string wrong = Path.Combine(_folder, "wrong");
        File.WriteAllText(wrong, "open barley");
        Assert.Contains("--token-file", Refused("tcp", new RemoteCredentials { TokenFile = wrong }).Remedy, StringComparison.Ordinal);
        Refused("tcp", new RemoteCredentials());
    }

    [Fact]
    public void EncryptedConnectionsNeedACertificateThatIsBelieved()
    {
        Certificates ours = new(_folder, "ours");
        Certificates others = new(_folder, "others");
        (string certificate, string key) = ours.Sign("server");
        Listen(new PageServerOptions { Certificate = certificate, Key = key });
        using (CheckpointImage image = Open("tls", new RemoteCredentials { Authority = ours.Authority }))
        {
            Assert.True(image.Verify().IsIntact);
        }

        Assert.Contains("TLS", Refused("tls", new RemoteCredentials { Authority = others.Authority }).Message, StringComparison.Ordinal);
        Refused("tls", new RemoteCredentials());
        Assert.Contains(TokenFile, Refused("tls", new RemoteCredentials { Authority = TokenFile }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatAsksForCertificatesServesNobodyWithoutOne()
    {
        Certificates ours = new(_folder, "ours");
        Certificates others = new(_folder, "others");
        (string certificate, string key) = ours.Sign("server");
        Listen(new PageServerOptions { Certificate = certificate, Key = key, ClientAuthority = ours.Authority, Timeouts = ServerAtSocket.Short });
        (string known, string knownKey) = ours.Sign("known");
        (string unknown, string unknownKey) = others.Sign("unknown");
        using (CheckpointImage image = Open("tls", new RemoteCredentials { Authority = ours.Authority, Certificate = known, Key = knownKey }))
        {
            Assert.True(image.Verify().IsIntact);
        }

        // With TLS 1.3 a client learns only afterwards that its certificate was not believed, and tries again as long as it has patience.
        Refused("tls", new RemoteCredentials { Authority = ours.Authority });
        Refused("tls", new RemoteCredentials { Authority = ours.Authority, Certificate = unknown, Key = unknownKey });

        // Nor does one who speaks without encryption get an answer.
        Assert.Equal("", await SayAsync(Frames.Hello(new HelloFrame(0, Token: null, []))));
    }

    [Fact]
    public async Task WhoSaysNothingMakesRoomForOthersAndIsSentAway()
    {
        Listen(new PageServerOptions { MostStrangers = 4, Timeouts = ServerAtSocket.Short });
        List<Socket> silent = [];
        for (int count = 0; count < 50; count++)
        {
            silent.Add(await ConnectAsync());
        }

        using CheckpointImage image = Open("tcp", new RemoteCredentials());
        Assert.True(image.Verify().IsIntact);
        foreach (Socket socket in silent)
        {
            Assert.Equal("", await ReadToEndAsync(socket));
            socket.Dispose();
        }
    }

    [Fact]
    public async Task FramesOfAnyShapeEndNothingButTheirConnection()
    {
        Listen(new PageServerOptions { Timeouts = ServerAtSocket.Short });
        Random random = new(20);
        byte[][] frames =
        [
            Frames.Hello(new HelloFrame(1 << 20, "token", ["a", "b"])), Frames.Open(1, Name), Frames.Numbers(FrameKind.Manifest, 2, 1),
            Frames.Pages(3, 1, new PagesQuery(1, 2, 3, WithHead: true), isBulk: true), Frames.Read(4, 1, 5, 6, isBulk: false),
            Frames.Numbers(FrameKind.Cancel, 3), Frames.Numbers(FrameKind.Advice, 5, 1), Frames.Bare(FrameKind.Ping),
        ];
        for (int round = 0; round < 150; round++)
        {
            byte[] bytes = [.. frames.Skip(random.Next(2)).SelectMany(static frame => frame)];
            for (int change = random.Next(4); change >= 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using Socket client = await ConnectAsync();
            _ = await client.SendAsync(bytes);
        }

        using CheckpointImage image = Open("tcp", new RemoteCredentials());
        Assert.True(image.Verify().IsIntact);
    }

    public void Dispose()
    {
        _end.Cancel();
        _server?.Dispose();
        _listener.Dispose();
        _served.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Listen(PageServerOptions options)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _server = new PageServer(Images, options, static _ => { });
        _ = _server.ListenAsync(_listener, options.Certificate is not null, _end.Token);
    }

    private string Location(string scheme, RemoteCredentials credentials) =>
        new RemoteReplicas([RemoteLocation.Parse($"{scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/{Name}")], credentials).Text;

    private CheckpointImage Open(string scheme, RemoteCredentials credentials) => ImageOpener.Open(Location(scheme, credentials));

    private LazyRestoreException Refused(string scheme, RemoteCredentials credentials) =>
        Assert.ThrowsAny<LazyRestoreException>(() => ImageOpener.Open(Location(scheme, credentials), ServerAtSocket.Short with { Opening = TimeSpan.FromSeconds(1) }));

    private async Task<Socket> ConnectAsync()
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listener.LocalEndPoint!);
        return client;
    }

    private async Task<string> SayAsync(byte[] bytes)
    {
        using Socket client = await ConnectAsync();
        _ = await client.SendAsync(bytes);
        return await ReadToEndAsync(client);
    }

    private static async Task<string> ReadToEndAsync(Socket client)
    {
        StringBuilder said = new();
        byte[] buffer = new byte[4096];
        using CancellationTokenSource deadline = new(s_deadline);
        try
        {
            int count;
            while ((count = await client.ReceiveAsync(buffer, deadline.Token)) > 0)
            {
                _ = said.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            // An end is an end.
        }

        return said.ToString();
    }
}
