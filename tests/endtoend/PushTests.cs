using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores whose pages are pushed by a program that has nothing of ours: tests/endtoend/Harness/push_pages.py.</summary>
public sealed class PushTests
{
    private const string Complaint = "push_pages.py has pushed a wrong page 0x";

    [Theory]
    [InlineData("shuffled")]
    [InlineData("twice")]
    [InlineData("cut")]
    [InlineData("wanted")]
    public void MemoryIsPushed(string how)
    {
        using Subject subject = Begin();
        using RunningProcess provider = Push(subject, how);
        RunningProcess restore = Restore(subject);
        subject.Verify();
        Assert.Equal(0, restore.WaitForExit());
        Assert.Equal(0, provider.WaitForExit());
        Assert.Equal("", provider.Errors);
    }

    /// <summary>A page that is wrong is refused, and named with whoever has pushed it; somebody else pushes the right ones.</summary>
    [Fact]
    public void AWrongPageIsRefused()
    {
        using Subject subject = Begin();
        RunningProcess restore = subject.StartTool("restore", subject.Image, "--push", Url(subject));
        using RunningProcess liar = Push(subject, "wrong");
        liar.WaitForExit();
        Assert.Contains(Complaint, liar.Output, StringComparison.Ordinal);
        RunningProcess push = PushOurselves(subject);
        subject.Await("all is pushed", () => push.HasExited, push.Describe);
        Assert.Equal(0, push.WaitForExit());
        subject.Await("that a page was refused is said", () => restore.Errors.Contains(Complaint, StringComparison.Ordinal), restore.Describe);
        subject.Verify();
    }

    [Fact]
    public void WhoNeedsWhatNobodyPushesWaitsAsLongAsWasAskedFor()
    {
        using Subject subject = Begin();
        using RunningProcess provider = Push(subject, "some");
        RunningProcess restore = Restore(subject, "--on-page-error", "sigbus", "--source-timeout", "1");
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.Equal(128 + 7, restore.WaitForExit());
        Assert.DoesNotContain("differs", subject.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void MemoryIsPushedThroughAPipe()
    {
        using Subject subject = Begin();
        string pidFile = subject.Scratch.File("pid");
        using RunningProcess restore = RunningProcess.Start(
            subject.Scratch.File("piped"), subject.Scratch.Folder, "/bin/bash", "-c",
            $"/usr/bin/python3 {Script} {subject.Scratch.File("whole")} - shuffled | {LazyRestoreBinary.Native.FilePath} restore {subject.Image} --push - --pidfile {pidFile}");
        subject.Await("the process is restored", () => File.Exists(pidFile) || restore.HasExited, restore.Describe);
        subject.Verify();
    }

    [Fact]
    public void TheMemoryOfATreeIsPushed()
    {
        using Subject subject = Subject.StartTarget("family");
        subject.Dump("--compress", "zstd");
        Spoil(subject);
        RunningProcess push = PushOurselves(subject);
        Restore(subject);
        subject.Verify();
        push.WaitForExit();
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        subject.Tool("restore", subject.Image, "--push", "tcp://192.0.2.1:9").Exits(2).Names("loopback");
        subject.Tool("restore", "unix:/nowhere", "--push", "unix:/nowhere").Exits(2).Names("in a file");
        subject.Tool("push", subject.Image, "--to", "https://a/b").Exits(2).Names("--to");
    }

    private static RunningProcess PushOurselves(Subject subject) =>
        subject.StartTool("push", subject.Scratch.File("whole"), "--to", Url(subject));

    private static string Script => Path.Combine(Repository.Root, "tests", "endtoend", "Harness", "push_pages.py");

    private static string Url(Subject subject) => "unix:" + subject.Scratch.File("push.sock");

    private static Subject Begin()
    {
        Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        Spoil(subject);
        return subject;
    }

    private static RunningProcess Restore(Subject subject, params IEnumerable<string> more) =>
        subject.RestoreFrom(subject.Image, Mode.Lazy, ["--push", Url(subject), .. more]);

    private static RunningProcess Push(Subject subject, string how) => RunningProcess.Start(
        subject.Scratch.File("provider"), subject.Scratch.Folder, "/usr/bin/python3", Script, subject.Scratch.File("whole"),
        subject.Scratch.File("push.sock"), how);

    // No page of much memory can come from the image that is restored.
    private static void Spoil(Subject subject)
    {
        File.Copy(subject.Image, subject.Scratch.File("whole"));
        using RunningProcess spoil = RunningProcess.Start(
            subject.Scratch.File("spoil"), subject.Scratch.Folder, "/usr/bin/python3", Script, subject.Image, "-", "spoil");
        Assert.Equal(0, spoil.WaitForExit());
    }
}
