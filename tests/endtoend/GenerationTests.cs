using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A restored process is a process like any other: it can be saved and restored again, as often as one likes.</summary>
public sealed class GenerationTests
{
    private const int Generations = 20;

    [Fact]
    public void StateSurvivesTwentyGenerations()
    {
        using Subject subject = Subject.StartTarget("threads");
        ProcessSnapshot before = subject.Snapshot();
        for (int generation = 0; generation < Generations; generation++)
        {
            subject.Dump();
            subject.Restore(Mode.Lazy);
            subject.AwaitAgentEnd();
        }

        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    /// <summary>Every generation finds what the one before has written, in memory that came lazily.</summary>
    [Fact]
    public void ServerWritesInEveryOfTwentyGenerations()
    {
        using RedisServer server = RedisServer.Start();
        string digest = server.Fill(20_000);
        for (int generation = 0; generation < Generations; generation++)
        {
            server.AwaitNoClients();
            server.Subject.Dump();
            server.Subject.Restore(Mode.Lazy);
            using (RedisConnection redis = server.Connect())
            {
                Assert.Equal(digest, redis.Call("DEBUG", "DIGEST"));
                Assert.Equal("OK", redis.Call("SET", $"generation:{generation}", RedisServer.Value(generation)));
                digest = redis.Call("DEBUG", "DIGEST");
            }

            server.Subject.AwaitAgentEnd();
        }

        using RedisConnection last = server.Connect();
        Assert.All(Enumerable.Range(0, Generations), generation =>
            Assert.Equal(RedisServer.Value(generation), last.Call("GET", $"generation:{generation}")));
    }

    /// <summary>Memory that is still to come is not in the process yet: a dump says so, and harms neither the process nor what is on its way.</summary>
    [Fact]
    public void MissingMemoryIsRefusedAndStillComes()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        subject.Restore(Mode.Demand);
        string second = subject.Scratch.File("second.ckpt");
        subject.Tool(["dump", $"{subject.Pid}", "-o", second]).Exits(3).Names("userfaultfd");
        Assert.False(File.Exists(second));
        subject.Verify();
    }
}
