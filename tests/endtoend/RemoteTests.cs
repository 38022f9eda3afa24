using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores whose image is on a page server.</summary>
public sealed class RemoteTests
{
    [Theory]
    [InlineData("tcp", Mode.Lazy, "none")]
    [InlineData("tcp", Mode.Demand, "zstd")]
    [InlineData("unix", Mode.Lazy, "lz4")]
    [InlineData("unix", Mode.Eager, "none")]
    public void MemoryComesBackFromAServer(string transport, Mode mode, string codec)
    {
        using Subject subject = Subject.StartTarget("memory");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump("--compress", codec);
        string url = Url(subject, transport);
        using RunningProcess server = Serve(subject, url);
        subject.RestoreFrom(url + NameOf(url), mode);
        if (mode != Mode.Demand)
        {
            subject.AwaitAsBefore(before);
        }

        subject.Verify();
    }

    [Fact]
    public void MemoryComesBackThroughACommand()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        subject.Dump();
        subject.RestoreFrom(
            "image.ckpt", Mode.Lazy, ["--via", $"{LazyRestoreBinary.Native.FilePath} serve --stdio {subject.Scratch.Folder}"]);
        subject.Verify();
    }

    [Fact]
    public void RedisAnswersAsBeforeFromAServer()
    {
        using RedisServer redis = RedisServer.Start();
        string digest = redis.Fill(300_000);
        redis.Subject.Dump();
        string url = Url(redis.Subject, "tcp");
        using RunningProcess server = Serve(redis.Subject, url);
        redis.Subject.RestoreFrom(url);
        using RedisConnection connection = redis.Connect();
        Assert.Equal(RedisServer.Value(4711), connection.Call("GET", "key:4711"));
        Assert.Equal(digest, connection.Call("DEBUG", "DIGEST"));
    }

    /// <summary>The server is killed and started again while memory is arriving: nothing is lost, and no byte is wrong.</summary>
    [Fact]
    public void AServerThatIsKilledAndComesBackIsGoneOnWith()
    {
        using Subject subject = Subject.StartTarget("ballast", "256", "watch");
        subject.Dump();
        string url = Url(subject, "tcp");
        for (int round = 0; round < 4; round++)
        {
            using RunningProcess server = Serve(subject, url);
            if (round == 0)
            {
                subject.RestoreFrom(url, Mode.Demand);
            }

            server.Signal(Signals.Kill);
            server.WaitForExit();
        }

        using RunningProcess last = Serve(subject, url);
        subject.Verify();
    }

    [Fact]
    public void AnAgentThatIsKilledHasASuccessorThatFetchesTheRest()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        subject.Dump();
        string url = Url(subject, "unix");
        using RunningProcess server = Serve(subject, url);
        RunningProcess restore = subject.RestoreFrom(url, Mode.Demand);
        restore.Signal(Signals.Kill);
        restore.WaitForExit();
        subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Verify();
    }

    [Fact]
    public void AnImageIsInspectedWithoutItsMemory()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        string url = Url(subject, "unix");
        using RunningProcess server = Serve(subject, url);
        string local = subject.Tool("inspect", subject.Image).Exits(0).Output;
        Assert.Equal(local, subject.Tool("inspect", url).Exits(0).Output);
        subject.Tool("inspect", url, "verify").Exits(0);
        subject.Tool("inspect", url + "#../image.ckpt").Exits(5).Names("no image");
    }

    [Theory]
    [InlineData("sigbus", 128 + 7)]
    [InlineData("kill", 128 + 9)]
    public void WhenPatienceEndsTheProcessEndsIfItWasAskedFor(string policy, int status)
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        string url = Url(subject, "unix");
        RunningProcess server = Serve(subject, url);
        RunningProcess restore = subject.RestoreFrom(url, Mode.Demand, "--on-page-error", policy, "--source-timeout", "0.3", "--json");
        server.Signal(Signals.Kill);
        server.WaitForExit();
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(policy == "kill" ? 5 : status, restore.WaitForExit());
        subject.Await("the process ends", () => !Proc.IsAlive(subject.Pid));
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
        Assert.Contains("\"event\":\"source_lost\"", restore.Output, StringComparison.Ordinal);
        Assert.Contains("is lost", restore.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenPatienceEndsTheProcessWaitsForAnotherAgentOtherwise()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        string url = Url(subject, "unix");
        RunningProcess server = Serve(subject, url);
        RunningProcess restore = subject.RestoreFrom(url, Mode.Demand, "--source-timeout", "0.3");
        server.Signal(Signals.Kill);
        server.WaitForExit();
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(5, restore.WaitForExit());
        Assert.Contains("agent --resume", restore.Errors, StringComparison.Ordinal);
        using RunningProcess again = Serve(subject, url);
        RunningProcess agent = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture), "--json");
        subject.Verify();
        agent.WaitForExit();
    }

    /// <summary>With encryption, a certificate of our own, a token, and a second server that takes over when the first is killed.</summary>
    [Fact]
    public void MemoryComesBackFromServersThatWantToKnowWhoAsks()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        subject.Dump();
        using CertificateFiles files = CertificateFiles.Make(subject.Scratch);
        File.WriteAllText(subject.Scratch.File("token"), "secret\n");
        string[] server = ["--tls-cert", files.Certificate, "--tls-key", files.Key, "--tls-ca", files.Authority, "--token-file", subject.Scratch.File("token")];
        string[] client = ["--tls-cert", files.Certificate, "--tls-key", files.Key, "--tls-ca", files.Authority];
        string[] urls = [Url(subject, "tls"), Url(subject, "tls")];
        RunningProcess first = Serve(subject, urls[0], server);
        using RunningProcess second = Serve(subject, urls[1], server);
        subject.Tool(["inspect", urls[0], .. client]).Exits(5).Names("--token-file");
        RunningProcess restore = subject.RestoreFrom(
            urls[0] + "/image.ckpt", Mode.Demand, [.. client, "--from", urls[1], "--token-file", subject.Scratch.File("token")]);
        first.Signal(Signals.Kill);
        first.WaitForExit();
        subject.Verify();
        Assert.DoesNotContain("is lost", restore.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatIsNotThereIsNamed()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Tool("restore", Url(subject, "unix"), "--source-timeout", "0.5").Exits(5).Names("no page server answers");
        subject.Verify();
    }

    private static string NameOf(string url) => url.StartsWith("unix", StringComparison.Ordinal) ? "#image.ckpt" : "/image.ckpt";

    private static string Url(Subject subject, string transport)
    {
        if (transport == "unix")
        {
            return "unix:" + subject.Scratch.File("pages.sock");
        }

        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"{transport}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private static RunningProcess Serve(Subject subject, string url, params string[] more)
    {
        RunningProcess server = subject.StartTool(["serve", subject.Image, "--listen", url, "--json", .. more]);
        subject.Await("the server listens", () => server.Output.Contains("listening", StringComparison.Ordinal) || server.HasExited, server.Describe);
        Assert.False(server.HasExited, server.Describe());
        return server;
    }
}
