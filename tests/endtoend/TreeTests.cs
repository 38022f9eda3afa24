using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A process and its descendants are saved in one image and come back together, with all that they share.</summary>
public sealed class TreeTests
{
    public static TheoryData<string> Trees => ["tree", "family"];

    public static TheoryData<string, Mode> InEveryMode =>
        [.. from tree in (string[])["tree", "family"] from mode in Enum.GetValues<Mode>() select new TheoryDataRow<string, Mode>(tree, mode)];

    [Theory]
    [MemberData(nameof(Trees))]
    public void TargetHoldsByItself(string tree)
    {
        using Subject subject = Subject.StartTarget(tree);
        subject.Verify();
    }

    [Theory]
    [MemberData(nameof(InEveryMode))]
    public void TreeComesBack(string tree, Mode mode)
    {
        using Subject subject = Subject.StartTarget(tree);
        IReadOnlyList<int> members = Members(subject);
        subject.Dump();
        subject.Await("all are gone", () => members.All(pid => Proc.State(pid) == '\0'));
        subject.Restore(mode);
        Assert.Equal(members, Members(subject));
        subject.Verify();
        subject.AwaitAgentEnd();
        subject.Await("nothing is left", () => Proc.All.All(pid => !IsOf(subject, pid)));
    }

    [Theory]
    [MemberData(nameof(Trees))]
    public void TreeGoesOnAfterItsCheckpoint(string tree)
    {
        using Subject subject = Subject.StartTarget(tree);
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        subject.Verify();
    }

    [Fact]
    public void TreeSurvivesSeveralCheckpoints()
    {
        using Subject subject = Subject.StartTarget("family");
        IReadOnlyList<int> members = Members(subject);
        foreach (Mode mode in (Mode[])[Mode.Lazy, Mode.Eager, Mode.Lazy])
        {
            subject.Dump();
            subject.Restore(mode);
            subject.AwaitAgentEnd();
            Assert.Equal(members, Members(subject));
        }

        subject.Verify();
    }

    [Fact]
    public void AllWaitForTheNextAgent()
    {
        using Subject subject = Subject.StartTarget("family");
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        agent.Signal(Signals.Kill);
        agent.WaitForExit();

        // Not the first process, but one of the others: all of them are taken up.
        int member = Members(subject)[^1];
        using RunningProcess second = subject.StartTool("agent", "--resume", member.ToString(CultureInfo.InvariantCulture), "--prefetch", "linear");
        subject.Await("the second agent ends", () => second.HasExited, second.Describe);
        Assert.True(second.WaitForExit() == 0, second.Describe());
        subject.Verify();
    }

    [Fact]
    public void TakenPidOfADescendantIsNamedAndNothingIsLeft()
    {
        using Subject subject = Subject.StartTarget("family");
        int child = Members(subject)[^1];
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        Signals.Send(subject.Pid, Signals.Kill);
        subject.Await("the parent is gone", () => !Proc.IsAlive(subject.Pid));
        subject.Tool("restore", "-d", subject.Image).Exits(3).Names(child.ToString(CultureInfo.InvariantCulture));
        Assert.False(Proc.IsAlive(subject.Pid));
    }

    [Fact]
    public void InspectShowsEveryProcess()
    {
        using Subject subject = Subject.StartTarget("family");
        IReadOnlyList<int> members = Members(subject);
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        CommandResult processes = subject.Tool("inspect", subject.Image, "processes").Exits(0);
        Assert.All(members, pid => Assert.Contains(pid.ToString(CultureInfo.InvariantCulture), processes.Output, StringComparison.Ordinal));
        Assert.Contains("zombie", processes.Output, StringComparison.Ordinal);
        Assert.Contains("stopped", processes.Output, StringComparison.Ordinal);
        string child = members[1].ToString(CultureInfo.InvariantCulture);
        Assert.Contains("letters", subject.Tool("inspect", subject.Image, "files", "--pid", child).Exits(0).Output, StringComparison.Ordinal);
        subject.Tool("inspect", subject.Image, "files", "--pid", "1").Exits(2).Names(child);
        subject.Tool("inspect", subject.Image, "verify").Exits(0);
    }

    // Those that live, by their IDs. What the tool puts into a process goes by its command line, and by a name of its own.
    private static IReadOnlyList<int> Members(Subject subject) => [.. Proc.All.Where(pid => IsOf(subject, pid) && !IsOfTheTool(pid)).Order()];

    private static bool IsOf(Subject subject, int pid) => Proc.Text(pid, "cmdline").Contains(subject.Scratch.Folder, StringComparison.Ordinal);

    private static bool IsOfTheTool(int pid) => Proc.Text(pid, "comm").StartsWith("lazyrestore", StringComparison.Ordinal);
}
