using System.Diagnostics;
using LazyRestore.Agent.Tests.Target;

namespace LazyRestore.Agent.Tests;

/// <summary>A process that touches, drops, moves and forks at random, and checks every byte that it meets.</summary>
public class TortureTests
{
    private const ulong Steps = 3000;
    private const ulong Forks = 1;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData(1, HydrationOrder.None)]
    [InlineData(2, HydrationOrder.None)]
    [InlineData(3, HydrationOrder.Linear)]
    public void EveryByteIsRight(int seed, HydrationOrder hydration)
    {
        using Served served = new(hydration);
        served.Target.Main.Say("torture", (ulong)seed, Steps, Forks);
        served.Service.Start();
        Assert.Equal("0", served.Target.Main.Hear());
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task EveryByteIsRightThoughAgentsAreKilled(int seed)
    {
        const int Kills = 5;
        Random random = new(seed);
        using Served served = new(HydrationOrder.None);
        served.Service.Dispose();
        served.Target.Main.Say("torture", (ulong)seed, Steps, Forks);
        Task<string> answer = Task.Run(served.Target.Main.Hear);
        for (int kill = 0; kill < Kills && !answer.IsCompleted; kill++)
        {
            using AgentProcess agent = new([served.Target.Fault, .. served.Held]);
            long moment = Stopwatch.GetTimestamp() + random.Next((int)(Stopwatch.Frequency / 50));
            SpinWait.SpinUntil(() => answer.IsCompleted || Stopwatch.GetTimestamp() >= moment);
            agent.Kill();
        }

        using AgentProcess last = new([served.Target.Fault, .. served.Held]);
        Assert.Equal("0", await answer.WaitAsync(Deadline));
    }
}
