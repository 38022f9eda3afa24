using System.Net.Sockets;
using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Server;

/// <summary>Clients that do not behave harm nobody else.</summary>
public sealed class PageServerTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private readonly ServedImage _served = new(ExtentCodec.None);
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-server-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly PageServer _server;
    private readonly Task _serving;

    public PageServerTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "images"));
        File.Copy(_served.FilePath, Path.Combine(_folder, "images", "one"));
        File.Copy(_served.FilePath, Path.Combine(_folder, "secret"));
        File.CreateSymbolicLink(Path.Combine(_folder, "images", "link"), Path.Combine(_folder, "secret"));
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen();
        _server = new PageServer(Path.Combine(_folder, "images"), new PageServerOptions(), static _ => { });
        _serving = _server.ListenAsync(_listener, isEncrypted: false, _end.Token);
    }

    private string SocketPath => Path.Combine(_folder, "socket");

    [Theory]
    [InlineData("c1")]
    [InlineData("dd7fffffff")]
    [InlineData("91a470696e67")] // a ping before the hello
    public async Task WhoBreaksTheRulesIsDisconnectedAndOthersAreServed(string bytes)
    {
        using Socket client = await ConnectAsync(Convert.FromHexString(bytes));
        await AwaitEndAsync(client);
        AssertServed();
    }

    [Fact]
    public async Task AnImageThatWasNotOpenedEndsTheConnection()
    {
        using Socket client = await ConnectAsync([.. Hello(0), .. Frames.Numbers(FrameKind.Manifest, 1, 1)]);
        await AwaitEndAsync(client);
        AssertServed();
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("..")]
    [InlineData("link")]
    [InlineData("/etc/passwd")]
    [InlineData(".")]
    [InlineData("none")]
    public void WhatIsOutsideTheFolderIsNotServed(string name)
    {
        LazyRestoreException refused = Assert.ThrowsAny<LazyRestoreException>(() => ImageOpener.Open($"unix:{SocketPath}#{name}"));
        Assert.Contains("no image", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClientThatAsksAndDoesNotReadHoldsUpNobody()
    {
        List<byte> requests = [.. Hello(ulong.MaxValue / 4), .. Frames.Open(1, "one")];
        for (ulong id = 2; id < 500; id++)
        {
            requests.AddRange(Frames.Read(id, 1, 0, PageProtocol.LongestRead / 4, isBulk: id % 2 == 0));
        }

        using Socket client = await ConnectAsync([.. requests]);
        AssertServed();
    }

    public void Dispose()
    {
        _end.Cancel();
        _server.Dispose();
        _listener.Dispose();
        _end.Dispose();
        _served.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.KeepAlive(_serving);
    }

    private static byte[] Hello(ulong credit) => Frames.Hello(new HelloFrame(credit, Token: null, []));

    private async Task<Socket> ConnectAsync(byte[] bytes)
    {
        Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        _ = await client.SendAsync(bytes);
        return client;
    }

    private static async Task AwaitEndAsync(Socket client)
    {
        byte[] buffer = new byte[4096];
        using CancellationTokenSource deadline = new(s_deadline);
        try
        {
            while (await client.ReceiveAsync(buffer, deadline.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // An end is an end.
        }
    }

    private void AssertServed()
    {
        using CheckpointImage image = ImageOpener.Open($"unix:{SocketPath}#one");
        Assert.True(image.Verify().IsIntact);
    }
}
