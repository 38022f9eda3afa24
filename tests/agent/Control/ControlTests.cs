using System.Net.Sockets;
using LazyRestore.Agent.Control;

namespace LazyRestore.Agent.Tests.Control;

public sealed class ControlTests : IDisposable
{
    private static readonly ControlTimeouts s_short = new()
    {
        Greeting = TimeSpan.FromMilliseconds(200),
        Idle = TimeSpan.FromMilliseconds(200),
        Sending = TimeSpan.FromMilliseconds(200),
        Look = TimeSpan.FromMilliseconds(20),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-control-").FullName;

    private string SocketPath => Path.Combine(_folder, "agent.sock");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void StatusComesAsItIs()
    {
        ServedProcess process = new()
        {
            Pid = 4711,
            First = 4710,
            State = ProcessState.AwaitingImage,
            Image = "/images/a\"b.ckpt",
            PagesRemaining = long.MaxValue,
            DemandFaults = 1L << 40,
            WaitingFaults = 7,
            Problem = "it is away",
        };
        ServedProcess[] processes = [.. Enumerable.Range(1, 1000).Select(pid => process with { Pid = pid })];
        RecordingControl control = new() { Status = new() { Pid = 5, Uptime = TimeSpan.FromMicroseconds(123456789), IsDraining = true, Attached = 8, Completed = 9, Processes = processes } };
        using ControlServer server = Start(control);
        using var client = ControlClient.Connect(SocketPath);
        ServiceStatus status = client.Status();
        Assert.Equal(processes, status.Processes);
        Assert.Equal(control.Status with { Processes = [] }, status with { Processes = [] });
    }

    [Fact]
    public void RequestsAreDoneInOrderAndErrorsComeWithTheirReason()
    {
        RecordingControl control = new() { Impossible = 12 };
        using ControlServer server = Start(control);
        using var client = ControlClient.Connect(SocketPath);
        client.Attach(11);
        var problem = Assert.Throws<LazyRestoreException>(() => client.Attach(12));
        Assert.Equal((FailureReason.SourceUnreachable, "process 12 cannot be had", "Try another."), (problem.Reason, problem.Message, problem.Remedy));

        // The connection is as good as before.
        client.Detach(11);
        client.Drain();
        Assert.Equal(["attach 11", "attach 12", "detach 11", "drain"], control.Asked);
    }

    [Fact]
    public void WhatIsNoRequestEndsNothingButItsConnection()
    {
        RecordingControl control = new();
        using ControlServer server = Start(control, s_short);
        byte[] hello = ControlFrames.Hello();
        byte[][] hostile =
        [
            [0xc1], [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f, 0xff, 0xff, 0xff], [0x91, 0xa5, .. "hello"u8], [0x92, 0xa5, .. "hello"u8, 0x80],
            [.. hello, 0x91, 0xa6, .. "attach"u8], [.. hello, 0x92, 0xa6, .. "attach"u8, 0xff], [.. hello, 0x92, 0xa6, .. "attach"u8, 0xa1, 0x31],
            [.. hello, 0xdc, 0xff, 0xff], new byte[1 << 18],
        ];
        foreach (byte[] bytes in hostile)
        {
            using Socket stranger = Connect();
            try
            {
                _ = stranger.Send(bytes);
                Assert.True(HasEnded(stranger));
            }
            catch (SocketException)
            {
                // It has hung up already.
            }
        }

        using var client = ControlClient.Connect(SocketPath);
        client.Drain();
        Assert.Equal(["drain"], control.Asked);
    }

    [Fact]
    public void ARequestThatIsNotKnownIsRefused()
    {
        using ControlServer server = Start(new RecordingControl());
        using Socket stranger = Connect();
        _ = stranger.Send([.. ControlFrames.Hello(), .. ControlFrames.Bare("dance")]);
        byte[] answer = new byte[1024];
        int length = 0;
        while (!System.Text.Encoding.UTF8.GetString(answer, 0, length).Contains("dance", StringComparison.Ordinal))
        {
            int count = stranger.Receive(answer.AsSpan(length));
            Assert.NotEqual(0, count);
            length += count;
        }
    }

    [Fact]
    public void WhoSaysNothingHoldsUpNobody()
    {
        using ControlServer server = Start(new RecordingControl(), s_short);
        const int MoreThanThereArePlaces = ControlProtocol.MostClients + 8;
        Socket[] strangers = [.. Enumerable.Range(0, MoreThanThereArePlaces).Select(_ => Connect())];
        using var client = ControlClient.Connect(SocketPath);
        Assert.Equal(1, client.Status().Pid);
        Array.ForEach(strangers, static stranger => stranger.Dispose());
    }

    [Fact]
    public void ThatNobodyListensIsSaid()
    {
        var problem = Assert.Throws<LazyRestoreException>(() => ControlClient.Connect(SocketPath));
        Assert.Contains(SocketPath, problem.Message, StringComparison.Ordinal);
        Assert.Contains("--listen", problem.Remedy, StringComparison.Ordinal);
    }

    private ControlServer Start(IAgentControl control, ControlTimeouts? timeouts = null)
    {
        var server = ControlServer.Listen(SocketPath, timeouts ?? ControlTimeouts.Usual);
        server.Begin(control);
        return server;
    }

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    // What it is told before that does not matter.
    private static bool HasEnded(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[1024];
        while (socket.Receive(bytes) > 0)
        {
        }

        return true;
    }
}
