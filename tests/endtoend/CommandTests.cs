using System.Globalization;
using System.Text.Json;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>What the command line promises beyond the restored state itself.</summary>
public sealed class CommandTests
{
    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 37", 37)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("kill -15 $$", 143)]
    public void ForegroundRestoreEndsAsTheProcessDoes(string end, int status)
    {
        using Subject subject = Waiting(end);
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground();
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(status, restore.WaitForExit());
    }

    [Fact]
    public void StatusDescriptorTellsThatTheProcessRuns()
    {
        using Subject subject = Waiting("exit 0");
        subject.Dump();
        string status = subject.Scratch.File("status");
        using RunningProcess restore = RunningProcess.Start(
            subject.Scratch.File("restore"), subject.Scratch.Folder,
            "/bin/bash", "-c", "exec \"$0\" restore \"$1\" --status-fd 7 7>\"$2\"", LazyRestoreBinary.Native.FilePath, subject.Image, status);
        subject.Await("the status byte arrives", () => subject.Scratch.Text("status").Length > 0 || restore.HasExited, restore.Describe);
        Assert.Equal([0], File.ReadAllBytes(status));
        Assert.True(Proc.IsAlive(subject.Pid));
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(0, restore.WaitForExit());
    }

    /// <summary>Command substitution waits until the last writer of its pipe is gone: a detached agent must not be one.</summary>
    [Fact]
    public void DetachedRestoreLetsGoOfItsStreams()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        using RunningProcess shell = RunningProcess.Start(
            subject.Scratch.File("shell"), subject.Scratch.Folder,
            "/bin/bash", "-c", "echo \"[$(\"$0\" restore -d --prefetch none --pidfile \"$2\" \"$1\" 2>&1)]\"",
            LazyRestoreBinary.Native.FilePath, subject.Image, subject.Scratch.File("pid"));
        Assert.Equal(0, shell.WaitForExit());
        Assert.Equal($"[{subject.Pid}]", shell.Output.Trim());
        Assert.Equal(subject.Pid, int.Parse(subject.Scratch.Text("pid"), CultureInfo.InvariantCulture));
        subject.Verify();
    }

    [Fact]
    public void SignalsOfTheForegroundRestoreReachTheProcess()
    {
        using Subject subject = Subject.Start(LazyRestoreBinary.Native, folder =>
            ["/bin/bash", "-c", $"trap 'exit 21' TERM; : > {folder}/ready; while :; do :; done"]);
        subject.Dump();
        RunningProcess restore = subject.RestoreInForeground();
        restore.Signal(Signals.Terminate);
        Assert.Equal(21, restore.WaitForExit());
    }

    [Fact]
    public void ImageMayComeFromStandardInputAndGoToStandardOutput()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        string pid = subject.Pid.ToString(CultureInfo.InvariantCulture);
        using RunningProcess dump = RunningProcess.Start(
            subject.Scratch.File("shell"), subject.Scratch.Folder,
            "/bin/bash", "-c", "\"$0\" dump \"$1\" -o - > \"$2\"", LazyRestoreBinary.Native.FilePath, pid, subject.Image);
        Assert.True(dump.WaitForExit() == 0, dump.Describe());
        subject.Await("the checkpointed process is gone", () => Proc.State(subject.Pid) == '\0');
        using RunningProcess restore = RunningProcess.Start(
            subject.Scratch.File("shell"), subject.Scratch.Folder,
            "/bin/bash", "-c", "cat \"$1\" | \"$0\" restore -d -", LazyRestoreBinary.Native.FilePath, subject.Image);
        Assert.True(restore.WaitForExit() == 0, restore.Describe());
        subject.Verify();
    }

    [Theory]
    [InlineData("summary")]
    [InlineData("processes")]
    [InlineData("maps")]
    [InlineData("threads")]
    [InlineData("files")]
    [InlineData("pages")]
    [InlineData("verify")]
    public void InspectPrintsEverySection(string section)
    {
        using Subject subject = Subject.StartTarget("events");
        subject.Tool(subject.DumpArguments("--leave-running")).Exits(0);
        Assert.NotEmpty(subject.Tool("inspect", subject.Image, section).Exits(0).Output);
        CommandResult json = subject.Tool("inspect", subject.Image, section, "--json").Exits(0);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.True(document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Array, json.ToString());
    }

    [Fact]
    public void DumpAndRestoreReportAsJson()
    {
        using Subject subject = Subject.StartTarget("ballast", "8");
        AssertResult(subject.Tool(subject.DumpArguments("--json")).Exits(0));
        subject.Await("the checkpointed process is gone", () => Proc.State(subject.Pid) == '\0');
        AssertResult(subject.Tool("restore", "-d", subject.Image, "--json").Exits(0));
        subject.Verify();
    }

    [Fact]
    public void CheckTellsAboutEveryFeature()
    {
        using Scratch scratch = new();
        CommandResult text = LazyRestoreBinary.Native.Run(scratch, "check");
        Assert.True(text.ExitCode is 0 or 3, text.ToString());
        Assert.Contains("userfaultfd", text.Output, StringComparison.OrdinalIgnoreCase);
        using JsonDocument document = JsonDocument.Parse(LazyRestoreBinary.Native.Run(scratch, "check", "--json").Output);
    }

    [Theory]
    [InlineData]
    [InlineData("frobnicate")]
    [InlineData("dump")]
    [InlineData("restore")]
    [InlineData("dump", "1", "-o", "x", "--compress", "rar")]
    public void WrongUsageExitsWithTwo(params string[] arguments)
    {
        using Scratch scratch = new();
        LazyRestoreBinary.Native.Run(scratch, arguments).Exits(2);
    }

    /// <summary>The build on the just-in-time compiler behaves as the native one.</summary>
    [Theory]
    [InlineData("memory", Mode.Lazy)]
    [InlineData("threads", Mode.Eager)]
    [InlineData("ballast", Mode.Demand)]
    public void JitBuildBehavesTheSame(string target, Mode mode)
    {
        using Subject subject = Subject.StartTarget(LazyRestoreBinary.Jit, TargetProgram.Compile(target));
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump();
        subject.Restore(mode);
        if (mode != Mode.Demand)
        {
            subject.AwaitAsBefore(before);
        }

        subject.Verify();
    }

    private static void AssertResult(CommandResult result)
    {
        string last = result.Output.TrimEnd().Split('\n')[^1];
        using JsonDocument document = JsonDocument.Parse(last);
        Assert.Equal("result", document.RootElement.GetProperty("event").GetString());
    }

    private static Subject Waiting(string end) => Subject.Start(LazyRestoreBinary.Native, folder =>
        ["/bin/bash", "-c", $": > {folder}/ready; until [[ -e {folder}/go ]]; do :; done; {end}"]);
}
