using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using LazyRestore.Agent.Pushing;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Tests.Sources;
using LazyRestore.Agent.Tests.Target;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Pushing;

/// <summary>A process whose pages are pushed, by some that do not keep to the protocol: nothing of that ever reaches it.</summary>
public sealed class PushTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-push-").FullName;
    private readonly ServedImage _served = new(ExtentCodec.Zstd);
    private readonly CheckpointImage _image;
    private readonly TargetProcess _target = new(ServedImage.Start, ServedImage.Pages);
    private readonly PageService _service;

    public PushTests()
    {
        string location = new PushLocation(Url, _served.FilePath).Text;
        _image = ImageOpener.Open(location);
        PageServiceOptions options = new();
        var state = PageState.Create(location, _image, _target.Id, [new LazyRegion(ServedImage.Start, ServedImage.End)], options);
        _service = new PageService(_image, TargetProcess.Duplicate((int)_target.Fault.DangerousGetHandle()), state, options);
        _service.Start();
    }

    private string SocketPath => Path.Combine(_folder, "push");

    private string Url => "unix:" + SocketPath;

    private static byte[] Hello => [.. (byte[])[0x92, 0xa5], .. "hello"u8, 0x82, 0xa8, .. "protocol"u8, 0xb0, .. "lazyrestore-push"u8, 0xa7, .. "version"u8, 1];

    [Fact]
    public void EveryByteIsRightWhoeverElsePushes()
    {
        ulong first = ServedImage.Start;
        Assert.Contains("no hello", Answer(Data(first, new byte[4096])), StringComparison.Ordinal);
        Assert.Contains("no whole pages", Answer([.. Hello, .. Data(first, new byte[4095])]), StringComparison.Ordinal);
        Assert.Contains("no whole pages", Answer([.. Hello, .. Data(first + 1, new byte[4096])]), StringComparison.Ordinal);
        Assert.Contains("no whole pages", Answer([.. Hello, .. Data(0xffff_ffff_ffff_f000, new byte[8192])]), StringComparison.Ordinal);
        Assert.Contains("a payload has", Answer([.. Hello, .. Data(first, new byte[(128 << 10) + 4096])]), StringComparison.Ordinal);
        Assert.Contains("somebody has pushed a wrong page", Answer([.. Hello, .. Data(first, new byte[4096])]), StringComparison.Ordinal);
        Assert.Contains("not lazyrestore-push", Answer([0x92, 0xa5, .. "hello"u8, 0x80]), StringComparison.Ordinal);
        Assert.Contains("no such page", Answer([.. Hello, .. Data(first - (64 << 20), new byte[4096])]), StringComparison.Ordinal);
        Assert.Contains("no process 7", Answer([.. Hello, 0x92, 0xa5, .. "space"u8, 7, .. Data(first, new byte[4096])]), StringComparison.Ordinal);

        // One thread waits already, and is served first; what nobody has pushed it waits for.
        _target.Main.Say("verify", ServedImage.At(600), 1, ServedImage.At(600));
        Assert.Equal(PushedPages, Push());
        Assert.Equal("i", _target.Main.Hear());
        Assert.Equal(PageServiceEnd.Resident, AwaitEnd());
        Assert.Equal(ServedImage.Expected(0, ServedImage.Pages), _target.Main.Verify(ServedImage.Start, ServedImage.Pages));
    }

    /// <summary>A page goes to everybody who lacks it, and to nobody who has thrown it away.</summary>
    [Fact]
    public void AForkedChildLacksNothingEither()
    {
        TargetConnection parent = _target.Main;
        parent.Do("drop", ServedImage.At(20), 2 * 4096);
        TargetConnection child = _target.Fork();
        parent.Do("drop", ServedImage.At(40), 2 * 4096);
        child.Do("unmap", ServedImage.At(1024), 100 * 4096);
        _ = Push();
        Assert.Equal(PageServiceEnd.Resident, AwaitEnd());
        string atFork = ServedImage.Expected(0, 20) + "00" + ServedImage.Expected(22, 18);
        Assert.Equal(atFork + ServedImage.Expected(40, 984), child.Verify(ServedImage.Start, 1024));
        Assert.Equal(ServedImage.Expected(1124, 924), child.Verify(ServedImage.At(1124), 924));
        Assert.Equal(atFork + "00" + ServedImage.Expected(42, 2006), parent.Verify(ServedImage.Start, ServedImage.Pages));
    }

    public void Dispose()
    {
        _target.Dispose();
        _service.Dispose();
        _image.Dispose();
        _served.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private long PushedPages => _served.Image.Index.Entries.Sum(static entry => entry.PresentPages);

    private PageServiceEnd AwaitEnd()
    {
        Assert.True(_service.Completion.Wait(s_deadline), "pages are lacking");
        return _service.Completion.Result.End;
    }

    private long Push()
    {
        using CheckpointImage image = CheckpointImage.OpenFile(_served.FilePath);
        return Task.Run(() => new PushClient(image, "the test").PushAsync(Url, s_deadline, CancellationToken.None)).GetAwaiter().GetResult();
    }

    private static byte[] Data(ulong address, byte[] pages)
    {
        byte[] head = [0x94, 0xa4, .. "data"u8, 0xcf, 0, 0, 0, 0, 0, 0, 0, 0, 0xc2, 0xc6, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(7), address);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(17), pages.Length);
        return [.. head, .. pages];
    }

    // What is said to somebody who sends that and then nothing more.
    private string Answer(byte[] sent)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        socket.Send(sent);
        socket.Shutdown(SocketShutdown.Send);
        StringBuilder answer = new();
        byte[] buffer = new byte[4096];
        for (int count = 1; count > 0;)
        {
            try
            {
                count = socket.Receive(buffer);
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            catch (SocketException)
            {
                // It did not want to read on.
                count = 0;
            }
        }

        return answer.ToString();
    }
}
