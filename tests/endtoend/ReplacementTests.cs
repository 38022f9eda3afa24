using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>What is no longer where it was when the process was saved can be given to it.</summary>
public sealed class ReplacementTests
{
    // Writes to descriptors 3 and 4 all the time.
    private const string Writer = """
        mkdir "$ARGV[0]/old"; open L, '>>', "$ARGV[0]/old/log"; open M, '>>', "$ARGV[0]/old/other";
        open R, '>', "$ARGV[0]/ready"; close R;
        for (;;) { syswrite L, "l\n"; syswrite M, "m\n"; select undef, undef, undef, 0.01 }
        """;

    [Fact]
    public void FilesAreFoundElsewhereAndDescriptorsBecomeOthers()
    {
        using Subject subject = Subject.Start(LazyRestoreBinary.Native, folder => ["/usr/bin/perl", "-e", Writer, folder]);
        subject.Dump();
        Directory.Move(subject.Scratch.File("old"), subject.Scratch.File("new"));
        subject.Tool("restore", "-d", subject.Image).Exits(3).Names("old/log", "is not here");
        File.WriteAllText(subject.Scratch.File("given"), "");
        long before = new FileInfo(subject.Scratch.File("new/log")).Length;
        long other = new FileInfo(subject.Scratch.File("new/other")).Length;

        subject.Restore(
            Mode.Lazy, "--file-map", $"{subject.Scratch.File("old")}={subject.Scratch.File("new")}", "--inherit-fd", $"4:{subject.Scratch.File("given")}");

        subject.Await("it writes to the file that was moved", () => new FileInfo(subject.Scratch.File("new/log")).Length > before);
        subject.Await("it writes to the file that was given", () => subject.Scratch.Text("given").StartsWith("m\n", StringComparison.Ordinal));
        Assert.Equal(other, new FileInfo(subject.Scratch.File("new/other")).Length);
    }
}
