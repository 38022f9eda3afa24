using System.Diagnostics;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>An agent service is killed again and again while processes need their memory, and nothing is lost.</summary>
public sealed class AgentServiceDeathTests
{
    private const int Kills = 100;
    private const int Keys = 100_000;

    [Fact]
    public async Task NothingIsLostWhenItIsKilledAHundredTimes()
    {
        using Scratch scratch = new();
        using AgentServiceProcess service = new(scratch, "--metrics", "127.0.0.1:0");
        service.StartAndAwait();
        using Subject one = Subject.StartTarget("steady", "128");
        using Subject other = Subject.StartTarget("steady", "64");
        using Subject tortured = Subject.StartTarget("torture", "77", "20000", "4");
        using var redis = RedisServer.Start();
        string digest = redis.Fill(Keys);
        foreach (Subject subject in (Subject[])[one, other, tortured, redis.Subject])
        {
            subject.Dump();
            File.WriteAllText(tortured.Scratch.File("go"), "");
            subject.Restore(Mode.Demand, "--agent", service.Address);
        }

        using CancellationTokenSource end = new();
        Task<int> load = Task.Run(() => Load(redis, end.Token));
        Random random = new(4711);
        for (int kill = 0; kill < Kills; kill++)
        {
            // Sometimes before it has taken up any, sometimes while it serves all.
            long moment = Stopwatch.GetTimestamp() + random.NextInt64(Stopwatch.Frequency * 9 / 100);
            SpinWait.SpinUntil(() => Stopwatch.GetTimestamp() >= moment);
            service.Kill();
            service.Start();
        }

        // There was work for it to the last.
        service.Await("it listens", () => service.Count("listening") == 1);
        service.Await("it serves what it served", () => service.Count("attached") >= 3);
        Assert.InRange(service.Number(one.Pid, "pages_remaining"), 1, long.MaxValue);
        await end.CancelAsync();
        Assert.InRange(await load, 1, int.MaxValue);
        service.Ask("drain").Exits(0);
        Assert.Equal(0, service.WaitForExit());
        using (RedisConnection connection = redis.Connect())
        {
            Assert.Equal(digest, connection.Call("DEBUG", "DIGEST"));
        }

        one.Verify();
        other.Verify();
        tortured.Verify();
        one.AwaitAgentEnd();
        other.AwaitAgentEnd();
    }

    // Asks for a value at a time, and compares each.
    private static int Load(RedisServer redis, CancellationToken cancellation)
    {
        using RedisConnection connection = redis.Connect();
        Random random = new(1);
        int asked = 0;
        while (!cancellation.IsCancellationRequested)
        {
            int key = random.Next(Keys);
            Assert.Equal(RedisServer.Value(key), connection.Call("GET", $"key:{key}"));
            asked++;
            Thread.Sleep(1);
        }

        return asked;
    }
}
