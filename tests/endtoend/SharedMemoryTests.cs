using System.Globalization;
using System.Text.Json;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Shared memory comes lazily, and is never another than it was, whatever the process does with it meanwhile.</summary>
public sealed class SharedMemoryTests
{
    [Theory]
    [InlineData("touch", Mode.Demand)]
    [InlineData("touch", Mode.Lazy)]
    [InlineData("drop", Mode.Demand)]
    [InlineData("remove", Mode.Demand)]
    [InlineData("remove", Mode.Lazy)]
    [InlineData("fork", Mode.Demand)]
    [InlineData("move", Mode.Demand)]
    [InlineData("twin", Mode.Demand)]
    [InlineData("grow", Mode.Demand)]
    [InlineData("unmap", Mode.Demand)]
    [InlineData("protect", Mode.Demand)]
    public void EveryByteIsRight(string change, Mode mode)
    {
        using Subject subject = Subject.StartTarget("sharedlazy", change);
        subject.Dump();
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Restore(mode);
        subject.Verify();
        subject.AwaitAgentEnd();
    }

    /// <summary>While no agent lives the process waits, also with what it announces; the next one brings the pages before it lets that happen.</summary>
    [Theory]
    [InlineData("touch")]
    [InlineData("remove")]
    [InlineData("fork")]
    [InlineData("move")]
    public void EveryByteIsRightWhenTheAgentDies(string change)
    {
        using Subject subject = Subject.StartTarget("sharedlazy", change);
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        agent.Signal(Signals.Kill);
        agent.WaitForExit();
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await("threads wait", () => Proc.Threads(subject.Pid).Any(tid =>
            Proc.Text(subject.Pid, $"task/{tid}/wchan").Contains("userfault", StringComparison.Ordinal)));

        // The second one is killed at work.
        using RunningProcess second = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Await("it is served again", () => second.HasExited || Proc.UsersOf(subject.Image).Count > 0);
        second.Signal(Signals.Kill);
        second.WaitForExit();
        using RunningProcess last = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.Verify();
        subject.Await("the last agent ends", () => last.HasExited);
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void AllOfItArrivesAndNothingOfTheRestoreIsLeft()
    {
        using Subject subject = Subject.StartTarget("sharedlazy", "touch");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore();
        subject.AwaitAgentEnd();
        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    [Fact]
    public void ReportTellsItsPages()
    {
        using Subject subject = Subject.StartTarget("sharedlazy", "touch");
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground(Mode.Demand, "--json");
        subject.Verify();
        Assert.Equal(0, restore.WaitForExit());
        using var result = JsonDocument.Parse(restore.Output.TrimEnd().Split('\n')[^1]);
        Assert.InRange(result.RootElement.GetProperty("continued_pages").GetInt64(), 2000, 3072 + 400);
        Assert.Equal(0, result.RootElement.GetProperty("copied_pages").GetInt64() / 3072);
    }
}
