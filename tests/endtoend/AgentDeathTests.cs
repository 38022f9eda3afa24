using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Without its agent a process waits; it never reads zeros for data.</summary>
public sealed class AgentDeathTests
{
    [Fact]
    public void ProcessWaitsForTheNextAgent()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        agent.Signal(Signals.Kill);
        agent.WaitForExit();

        // The check touches missing pages now: it must get stuck, not fail.
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await("a thread waits for a page", () => Proc.Threads(subject.Pid).Any(tid =>
            Proc.Text(subject.Pid, $"task/{tid}/wchan").Contains("userfault", StringComparison.Ordinal)));
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
        Assert.True(Proc.IsAlive(subject.Pid), subject.Describe());

        using RunningProcess second = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Verify();
        subject.Await("the second agent ends", () => second.HasExited);
    }

    [Fact]
    public void SecondAgentBringsEverythingAndLeavesNoTrace()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        agent.Signal(Signals.Kill);
        agent.WaitForExit();
        RunningProcess second = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture), "--prefetch", "linear");
        subject.AwaitAsBefore(before);
        subject.Verify();
        second.Dispose();
    }

    [Fact]
    public void ProcessEndsWithItsAgentWhenAsked()
    {
        using Subject subject = Subject.StartTarget("ballast", "32");
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand, "--on-page-error", "kill");
        agent.Signal(Signals.Kill);
        agent.WaitForExit();
        subject.Await("the process ends", () => !Proc.IsAlive(subject.Pid));
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void AgentEndsWithItsProcess()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        Signals.Send(subject.Pid, Signals.Kill);
        Assert.Equal(128 + Signals.Kill, agent.WaitForExit());
        subject.AwaitAgentEnd();
    }

    [Fact]
    public void ResumeOfAProcessThatIsNotOursIsRefused()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        CommandResult result = subject.Tool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        Assert.True(result.ExitCode is 1 or 3, result.ToString());
        result.Names(subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Verify();
    }
}
