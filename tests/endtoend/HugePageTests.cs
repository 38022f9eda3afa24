using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Memory that was in huge pages comes back in huge pages, and nothing of what brings it is left.</summary>
public sealed class HugePageTests
{
    private const int Mebibytes = 64;

    [Theory]
    [InlineData("none", Mode.Lazy)]
    [InlineData("lz4", Mode.Lazy)]
    [InlineData("zstd", Mode.Lazy)]
    [InlineData("none", Mode.Eager)]
    public void HugePagesComeBack(string codec, Mode mode)
    {
        using Subject subject = StartAdvised();
        ProcessSnapshot before = subject.Snapshot();
        Assert.Equal(Mebibytes, HugeMebibytes(subject));
        subject.Dump("--compress", codec);
        subject.Restore(mode, "--placement", "move");
        subject.AwaitAsBefore(before);
        subject.AwaitAgentEnd();
        Assert.Equal(Mebibytes, HugeMebibytes(subject));
        Assert.Empty(TasksSharingMemory(subject.Pid));
        subject.Verify();
    }

    [Fact]
    public void FaultsBringWholeHugePages()
    {
        using Subject subject = StartAdvised();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand, "--placement", "move", "--json");
        subject.Verify();
        Assert.Equal(0, agent.WaitForExit());
        Assert.Equal(Mebibytes / 2, Number(agent.Output, "moved_extents"));
    }

    /// <summary>How many depends on how fast the machine finds huge pages; where it does not, the result says that copying was better.</summary>
    [Fact]
    public void WhatHadHugePagesIsMovedUnlessToldOtherwise()
    {
        using Subject subject = StartAdvised();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Lazy, "--json");
        subject.Verify();
        Assert.Equal(0, agent.WaitForExit());
        Assert.InRange(
            Number(agent.Output, "moved_extents"), agent.Output.Contains("\"placement\":\"copy\"", StringComparison.Ordinal) ? 0 : 1, Mebibytes / 2);
        Assert.Contains("\"placement_switches\":[", agent.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--huge-pages", "never")]
    [InlineData("--placement", "copy")]
    public void NoneComeBackWhenNotWanted(string option, string value)
    {
        using Subject subject = StartAdvised();
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore(Mode.Lazy, option, value);
        subject.AwaitAsBefore(before);
        Assert.Equal(0, HugeMebibytes(subject));
        subject.Verify();
    }

    [Fact]
    public void PlainMemoryGetsThemWhenWanted()
    {
        using Subject subject = Subject.StartTarget("hugepages", Mebibytes.ToString(CultureInfo.InvariantCulture), "plain");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore(Mode.Lazy, "--huge-pages", "always", "--placement", "move");
        subject.AwaitAsBefore(before);
        Assert.Equal(Mebibytes, HugeMebibytes(subject));
        subject.Verify();
    }

    [Fact]
    public void PagesAreMovedInSmallPagesToo()
    {
        using Subject subject = StartAdvised();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Lazy, "--placement", "move", "--huge-pages", "never", "--json");
        subject.Await("all memory is there", () => agent.Output.Contains("\"resident\"", StringComparison.Ordinal));
        Assert.Equal(0, HugeMebibytes(subject));
        subject.Verify();
        Assert.Equal(0, agent.WaitForExit());
        Assert.Equal(Mebibytes / 2, Number(agent.Output, "moved_extents"));
    }

    [Fact]
    public void ASuccessorFinishesWhatAMoverBegan()
    {
        using Subject subject = StartAdvised();
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground();
        agent.Signal(Signals.Kill);
        agent.WaitForExit();

        // Without its agent the mover ends by itself.
        subject.Await("the mover ends", () => !TasksSharingMemory(subject.Pid).Contains("lazyrestore-mv"));
        using RunningProcess second = subject.StartTool("agent", "--resume", subject.Pid.ToString(CultureInfo.InvariantCulture));
        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    [Fact]
    public void TheMoverEndsWithTheProcess()
    {
        using Subject subject = StartAdvised();
        subject.Dump();
        RunningProcess agent = subject.RestoreInForeground(Mode.Demand);
        int mover = Assert.Single(Siblings(subject.Pid), pid => Name(pid) == "lazyrestore-mv");
        Signals.Send(subject.Pid, Signals.Kill);
        Assert.Equal(128 + Signals.Kill, agent.WaitForExit());
        subject.Await("the mover ends", () => !Proc.IsAlive(mover));
    }

    /// <summary>The mover is killed while it works: what it had in hand is copied.</summary>
    [Fact]
    public void MemoryComesWithoutTheMoverToo()
    {
        using Subject subject = StartAdvised();
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore();
        foreach (int mover in Siblings(subject.Pid).Where(pid => Name(pid) == "lazyrestore-mv"))
        {
            Signals.Send(mover, Signals.Kill);
        }

        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    private static Subject StartAdvised() => Subject.StartTarget("hugepages", Mebibytes.ToString(CultureInfo.InvariantCulture));

    private static int HugeMebibytes(Subject subject) => int.Parse(
        Proc.Text(subject.Pid, "smaps_rollup").Split('\n').Single(line => line.StartsWith("AnonHugePages:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;

    private static IEnumerable<string> TasksSharingMemory(int pid) =>
        Siblings(pid).Select(Name).Where(name => name.StartsWith("lazyrestore-", StringComparison.Ordinal));

    // Tasks that have the same file mapped as the process's executable: ours are copies of the process.
    private static IEnumerable<int> Siblings(int pid)
    {
        string executable = Proc.Link($"/proc/{pid}/exe");
        return Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out int number) && number != pid)
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(other => Proc.IsAlive(other) && Proc.Link($"/proc/{other}/exe") == executable && Parts(other) == Parts(pid));
    }

    // The address space in which a task lives, as its argument list shows it: the directory of the test is in it.
    private static string Parts(int pid) => Proc.Text(pid, "cmdline");

    private static string Name(int pid) => Proc.Text(pid, "comm").TrimEnd('\n');

    private static long Number(string json, string field)
    {
        string last = json.TrimEnd().Split('\n')[^1];
        int start = last.IndexOf($"\"{field}\":", StringComparison.Ordinal) + field.Length + 3;
        return long.Parse(last[start..last.IndexOfAny([',', '}'], start)], CultureInfo.InvariantCulture);
    }
}
