using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>What cannot be saved is refused by name, and the process goes on as if nothing had happened.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("tcp", "TCP connection")]
    [InlineData("unix", "socket")]
    [InlineData("pipe", "pipe")]
    [InlineData("inotify", "inotify")]
    [InlineData("io_uring", "io_uring")]
    [InlineData("vfork", "vfork")]
    [InlineData("sharing", "descriptors, with process")]
    [InlineData("leader", "main thread")]
    [InlineData("packet", "socket")]
    [InlineData("userfaultfd", "userfaultfd")]
    [InlineData("pidfd", "pidfd")]
    [InlineData("fanotify", "fanotify")]
    [InlineData("fifo", "named pipe")]
    [InlineData("terminal", "terminal")]
    public void RefusedStateLeavesTheProcessAlone(string state, string name)
    {
        using Subject subject = Subject.StartTarget("refused", state);
        ProcessSnapshot before = subject.Snapshot();
        string descriptor = subject.Scratch.Text("descriptor").Trim();
        CommandResult result = subject.Tool(subject.DumpArguments()).Exits(3).Names(name);
        if (descriptor != "-1")
        {
            result.Names($"descriptor {descriptor}");
        }

        AssertNothingWritten(subject);
        subject.AwaitAsBefore(before);
        subject.Verify();
    }

    // The reader is no child of the program that is started in the end.
    private const string Piped =
        "pipe(R, W); if (!fork) { if (!fork) { open STDIN, '<&R'; close W; exec 'cat' } exit } wait; close R; open STDOUT, '>&W'; close W; exec @ARGV";

    [Fact]
    public void StandardStreamsThatLeadOutsideNeedConsent()
    {
        // The launcher's own output files are replaced by a pipe to a reader that is another process.
        using Subject subject = Subject.Start(
            LazyRestoreBinary.Native,
            folder => ["/usr/bin/perl", "-e", Piped, TargetProgram.Compile("ballast"), folder, "16"]);
        subject.Tool(subject.DumpArguments()).Exits(3).Names("inherit-stdio");
        AssertNothingWritten(subject);
        Assert.True(Proc.IsAlive(subject.Pid));
    }

    private static void AssertNothingWritten(Subject subject)
    {
        string[] left = [.. Directory.EnumerateFileSystemEntries(subject.Scratch.Folder).Select(path => Path.GetFileName(path)!)
            .Where(name => name.Contains("image", StringComparison.Ordinal) || name.Contains("ckpt", StringComparison.Ordinal))];
        Assert.Empty(left);
    }
}
