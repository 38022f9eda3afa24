using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>The process that serves memory may die: missing memory is waited for, never read as zeros.</summary>
public sealed class AgentDeathTests
{
    [Fact]
    public async Task A_process_whose_agent_was_killed_waits_until_another_takes_over()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "64");
        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(RestoreMode.DemandOnly);

        restored.Tool.Signal(Interop.SIGKILL);
        await restored.Tool.Exit();
        target.Go();
        await Deadline.Until(() => ProcEntry.Text(restored.Pid, "wchan") is "handle_userfault" || target.Log.Length > 0, "the process waits for memory");
        Assert.Equal("", target.Log);
        RunningProcess agent = scene.StartTool("agent", "--resume", $"{restored.Pid}");

        await target.ExpectOk();
        Assert.Equal(0, await agent.Exit());
        await Deadline.Until(() => !ProcEntry.IsAlive(restored.Pid), "the process ends");
    }

    [Fact]
    public async Task An_agent_killed_in_the_middle_of_it_loses_nothing()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "128", "watch");
        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(RestoreMode.Lazy);

        restored.Tool.Signal(Interop.SIGKILL);
        await restored.Tool.Exit();
        RunningProcess agent = scene.StartTool("agent", "--resume", $"{restored.Pid}");
        target.Go();

        await target.ExpectOk();
        await agent.Exit();
    }

    [Fact]
    public async Task A_process_can_be_ended_with_its_agent()
    {
        using Scene scene = new();
        Target target = await scene.StartTarget("ballast", "64");
        await scene.Dump(target.Process);
        Restored restored = await scene.Restore(RestoreMode.DemandOnly, "--on-page-error", "kill");

        restored.Tool.Signal(Interop.SIGKILL);
        await restored.Tool.Exit();

        await Deadline.Until(() => !ProcEntry.IsAlive(restored.Pid), "the process ends with its agent");
        Assert.Equal("", target.Log);
    }

    [Fact]
    public async Task There_is_nothing_to_resume_for_a_process_that_was_not_restored()
    {
        using Scene scene = new();
        RunningProcess sleep = scene.Start("/usr/bin/sleep", "100");

        RunningProcess tool = scene.StartTool("agent", "--resume", $"{sleep.Id}");

        Assert.NotEqual(0, await tool.Exit());
        Assert.Contains($"{sleep.Id}", tool.Errors);
        Assert.True(ProcEntry.IsAlive(sleep.Id));
    }
}
