using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>redis-server with more than 100 MB of data, and with less where that is of no interest.</summary>
public sealed class RedisTests
{
    [Theory]
    [InlineData(Mode.Lazy, "none", 600_000)]
    [InlineData(Mode.Demand, "none", 100_000)]
    [InlineData(Mode.Eager, "none", 600_000)]
    [InlineData(Mode.Lazy, "lz4", 100_000)]
    [InlineData(Mode.Lazy, "zstd", 100_000)]
    public void ServerAnswersAsBefore(Mode mode, string codec, int keys)
    {
        using RedisServer server = RedisServer.Start();
        string digest = server.Fill(keys);
        server.Subject.Dump("--compress", codec);
        server.Subject.Restore(mode);

        using (RedisConnection redis = server.Connect())
        {
            Assert.Equal($"{keys}", redis.Call("DBSIZE"));
            Random random = new(1);
            for (int i = 0; i < 300; i++)
            {
                int key = random.Next(keys);
                Assert.Equal(RedisServer.Value(key), redis.Call("GET", $"key:{key}"));
            }

            // While memory is arriving: new data, and a fork that saves a snapshot of everything.
            for (int i = 0; i < 500; i++)
            {
                Assert.Equal("OK", redis.Call("SET", $"new:{i}", $"value {i}"));
            }

            redis.Call("BGSAVE");
            Assert.Equal($"{keys + 500}", redis.Call("DBSIZE"));
            for (int i = 0; i < 500; i++)
            {
                Assert.Equal("1", redis.Call("DEL", $"new:{i}"));
            }

            Assert.Equal(digest, redis.Call("DEBUG", "DIGEST"));
            server.Subject.Await("the background save ends", () => redis.Call("INFO", "persistence").Contains("rdb_bgsave_in_progress:0", StringComparison.Ordinal));
            Assert.Contains("rdb_last_bgsave_status:ok", redis.Call("INFO", "persistence"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ARecordedWorkingSetComesFirstAndAForeignOneIsIgnored()
    {
        using RedisServer server = RedisServer.Start();
        string digest = server.Fill(100_000);
        string recording = server.Subject.Image + ".working-set";
        server.Subject.Dump();
        server.Subject.Restore(Mode.Lazy, "--record");
        GetSome(server);
        server.Subject.Await("the working set is recorded", () => File.Exists(recording), within: TimeSpan.FromSeconds(40));
        server.Subject.AwaitAgentEnd();
        byte[] recorded = File.ReadAllBytes(recording);

        // The same image once more, by what was recorded.
        Signals.Send(server.Subject.Pid, Signals.Kill);
        server.Subject.Await("the process is gone", () => !Proc.IsAlive(server.Subject.Pid));
        server.Subject.Restore();
        GetSome(server);
        Check(server, digest);
        Assert.Equal(recorded, File.ReadAllBytes(recording));

        // Another image in its place.
        server.Subject.AwaitAgentEnd();
        server.Subject.Dump();
        server.Subject.Restore();
        Check(server, digest);
    }

    [Fact]
    public void ServerSurvivesSeveralCheckpoints()
    {
        using RedisServer server = RedisServer.Start();
        string digest = server.Fill(100_000);
        foreach (Mode mode in (Mode[])[Mode.Lazy, Mode.Eager, Mode.Lazy])
        {
            server.AwaitNoClients();
            server.Subject.AwaitAgentEnd();
            server.Subject.Dump();
            server.Subject.Restore(mode);
            using RedisConnection redis = server.Connect();
            Assert.Equal("PONG", redis.Call("PING"));
        }

        using RedisConnection last = server.Connect();
        Assert.Equal(digest, last.Call("DEBUG", "DIGEST"));
    }

    [Fact]
    public void ServerIsUntouchedByARefusal()
    {
        using RedisServer server = RedisServer.Start();
        using RedisConnection redis = server.Connect();
        Assert.Equal("OK", redis.Call("SET", "a", "b"));
        server.Subject.Tool(server.Subject.DumpArguments()).Exits(3).Names("descriptor", "tcp");
        Assert.Equal("b", redis.Call("GET", "a"));
        Assert.Equal($"{server.Subject.Pid}", redis.Call("INFO", "server").Split("process_id:")[1].Split('\r')[0]);
        Assert.False(File.Exists(server.Subject.Image), string.Create(CultureInfo.InvariantCulture, $"{server.Subject.Image} exists"));
    }

    private static void GetSome(RedisServer server)
    {
        using RedisConnection redis = server.Connect();
        for (int key = 0; key < 100_000; key += 1000)
        {
            Assert.Equal(RedisServer.Value(key), redis.Call("GET", $"key:{key}"));
        }
    }

    private static void Check(RedisServer server, string digest)
    {
        using RedisConnection redis = server.Connect();
        Assert.Equal(digest, redis.Call("DEBUG", "DIGEST"));
    }
}
