using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores whose image is on a web server.</summary>
public sealed class WebTests
{
    [Theory]
    [InlineData(false, Mode.Lazy, "none")]
    [InlineData(false, Mode.Demand, "zstd")]
    [InlineData(true, Mode.Lazy, "lz4")]
    [InlineData(true, Mode.Eager, "none")]
    public void MemoryComesBackFromAWebServer(bool isEncrypted, Mode mode, string codec)
    {
        using Subject subject = Subject.StartTarget("memory");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump("--compress", codec);
        using Nginx server = Nginx.Start(subject, isEncrypted);
        subject.RestoreFrom(server.Url + "image.ckpt", mode);
        if (mode != Mode.Demand)
        {
            subject.AwaitAsBefore(before);
        }

        subject.Verify();
    }

    [Fact]
    public void RedisAnswersAsBeforeFromAWebServer()
    {
        using RedisServer redis = RedisServer.Start();
        string digest = redis.Fill(100_000);
        redis.Subject.Dump();
        using Nginx server = Nginx.Start(redis.Subject);
        redis.Subject.RestoreFrom(server.Url + "image.ckpt");
        using RedisConnection connection = redis.Connect();
        Assert.Equal(RedisServer.Value(4711), connection.Call("GET", "key:4711"));
        Assert.Equal(digest, connection.Call("DEBUG", "DIGEST"));
    }

    /// <summary>The server is killed and started again while memory is arriving: nothing is lost, and no byte is wrong.</summary>
    [Fact]
    public void AServerThatIsKilledAndComesBackIsGoneOnWith()
    {
        using Subject subject = Subject.StartTarget("ballast", "48", "watch");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        subject.RestoreFrom(server.Url + "image.ckpt", Mode.Demand);
        for (int round = 0; round < 3; round++)
        {
            server.Kill();
            server.StartAgain();
        }

        subject.Verify();
    }

    [Fact]
    public void ThatAServerIsLostAndBackIsSaid()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        RunningProcess restore = subject.RestoreFrom(server.Url + "image.ckpt", Mode.Demand, "--json");
        server.Kill();
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await("that it is lost is said", () => restore.Output.Contains("\"event\":\"source_lost\"", StringComparison.Ordinal));
        server.StartAgain();
        subject.Verify();
        subject.Await("that it is back is said", () => restore.Output.Contains("\"event\":\"source_back\"", StringComparison.Ordinal));
    }

    /// <summary>Whatever is kept of it: what nobody has fetched cannot be had.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenPatienceWithAServerEndsWhoNeedsThePageIsHit(bool isCached)
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        string[] more = ["--on-page-error", "sigbus", "--source-timeout", "0.3"];
        RunningProcess restore = subject.RestoreFrom(
            server.Url + "image.ckpt", Mode.Demand, isCached ? [.. more, "--cache", subject.Scratch.File("cache")] : more);
        server.Kill();
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(128 + 7, restore.WaitForExit());
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
        Assert.Contains("is lost", restore.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void AnImageThatIsReplacedMeanwhileIsRefused()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        RunningProcess restore = subject.RestoreFrom(server.Url + "image.ckpt", Mode.Demand, "--on-page-error", "kill");

        // Another file in its place, of the same length.
        string other = subject.Scratch.File("other");
        File.Copy(subject.Image, other);
        File.SetLastWriteTimeUtc(other, DateTime.UtcNow.AddMinutes(1));
        File.Move(other, subject.Image, overwrite: true);
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.NotEqual(0, restore.WaitForExit());
        Assert.Contains("was replaced by another one", restore.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAgentThatIsKilledHasASuccessorThatFetchesTheRest()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        RunningProcess restore = subject.RestoreFrom(server.Url + "image.ckpt", Mode.Demand);
        restore.Signal(Signals.Kill);
        restore.WaitForExit();
        subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Verify();
    }

    [Fact]
    public void AnImageIsInspectedWithTwoRequests()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        using Nginx server = Nginx.Start(subject);
        string local = subject.Tool("inspect", subject.Image).Exits(0).Output;
        Assert.Equal(local, subject.Tool("inspect", server.Url + "image.ckpt").Exits(0).Output);
        Assert.Equal(2, server.Requests.Length);
        subject.Tool("inspect", server.Url + "image.ckpt", "verify").Exits(0);
        subject.Tool("inspect", server.Url + "nothing.ckpt").Exits(5).Names("there is no image");
    }

    [Fact]
    public void AServerThatIsNotTrustedIsRefused()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        using Nginx server = Nginx.Start(subject, isEncrypted: true);
        string address = server.Url.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        subject.Tool("inspect", address + "image.ckpt").Exits(5).Names("is not trusted");
    }
}
