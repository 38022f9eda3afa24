using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>TCP connections go on, or are closed, as the user wants it.</summary>
public sealed class ConnectionTests
{
    [Theory]
    [InlineData("inside", Mode.Lazy)]
    [InlineData("inside", Mode.Eager)]
    [InlineData("peer", Mode.Lazy)]
    [InlineData("peer", Mode.Eager)]
    public void ConnectionsGoOn(string where, Mode mode)
    {
        using Subject subject = Subject.StartTarget("tcp", where);
        subject.Dump("--tcp-established");
        subject.Restore(mode);
        subject.Verify();
    }

    [Theory]
    [InlineData("inside", "--leave-running")]
    [InlineData("peer", "--leave-running")]
    [InlineData("peer", "--snapshot")]
    public void ConnectionsGoOnInAProcessThatWasOnlyLookedAt(string where, string manner)
    {
        using Subject subject = Subject.StartTarget("tcp", where);
        subject.Tool(subject.DumpArguments("--tcp-established", manner)).Exits(0);
        subject.Verify();
    }

    /// <summary>A restore that fails says nothing to the peers, so that the next one can still go on.</summary>
    [Fact]
    public void ConnectionsSurviveARestoreThatFails()
    {
        using Subject subject = Subject.StartTarget("tcp", "peer");
        subject.Dump("--tcp-established");
        subject.Tool("restore", "-d", subject.Image, "--inherit-fd", "4:/").Exits(1);
        subject.Restore();
        subject.Verify();
    }

    [Fact]
    public void AServerAndItsClientGoOnTalking()
    {
        using RedisServer server = RedisServer.Start();
        using RedisConnection redis = server.Connect();
        Assert.Equal("OK", redis.Call("SET", "a", "before"));
        Assert.Equal("OK", redis.Call("MULTI"));
        Assert.Equal("QUEUED", redis.Call("GET", "a"));
        foreach (Mode mode in (Mode[])[Mode.Lazy, Mode.Eager])
        {
            server.Subject.Dump("--tcp-established");
            server.Subject.Restore(mode);
            server.Subject.AwaitAgentEnd();
            Assert.Equal("QUEUED", redis.Call("SET", "a", $"after {mode}"));
        }

        Assert.Equal("3", redis.Call("EXEC"));
        using RedisConnection next = server.Connect();
        Assert.Equal("after Eager", next.Call("GET", "a"));
    }

    [Theory]
    [InlineData("dump")]
    [InlineData("restore")]
    public void ConnectionsThatAreNotWantedAreClosed(string verb)
    {
        using RedisServer server = RedisServer.Start();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Loopback, server.Port);
        Assert.Equal(7, Ping(client));
        server.Subject.Dump(verb == "dump" ? "--tcp-close" : "--tcp-established");
        server.Subject.Restore(Mode.Lazy, verb == "restore" ? ["--tcp-close"] : []);
        server.AwaitNoClients();
        using RedisConnection next = server.Connect();
        Assert.Equal("PONG", next.Call("PING"));

        // The peer hears of it, by the end of the process or when it asks again.
        Deadline.Await("the connection ends", () => Ping(client) <= 0);
    }

    // The bytes of the answer; 0 or -1 when the connection has ended.
    private static int Ping(Socket client)
    {
        client.Send("PING\r\n"u8, SocketFlags.None, out SocketError sent);
        int length = client.Receive(new byte[64], SocketFlags.None, out SocketError received);
        return sent is SocketError.Success && received is SocketError.Success ? length : -1;
    }

    [Fact]
    public void ConnectionsNeedAChoice()
    {
        using Subject subject = Subject.StartTarget("tcp", "inside");
        CommandResult result = subject.Tool(subject.DumpArguments()).Exits(3).Names("TCP connection", "--tcp-established", "--tcp-close");
        Assert.Contains(IPAddress.Loopback.ToString(), result.Errors, StringComparison.Ordinal);
        Assert.True(Proc.IsAlive(subject.Pid), string.Create(CultureInfo.InvariantCulture, $"process {subject.Pid} is gone"));
    }
}
