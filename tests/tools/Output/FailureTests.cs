using System.Text.Json;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Tests.Output;

/// <summary>How failures are told, and the exit codes they end with.</summary>
public sealed class FailureTests
{
    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new LazyRestoreException(FailureReason.Unsupported, "inotify"), 3, "unsupported" },
        { new LazyRestoreException(FailureReason.SourceUnreachable, "gone"), 5, "source_unreachable" },
        { new ImageDamagedException("vma", 77, "too long"), 4, "damaged_image" },
        { new NativeException("ptrace", 1, "4711"), 1, "failed" },
        { new NativeException("userfaultfd", 38, "0"), 3, "unsupported" },
        { new OperationCanceledException(), 130, "interrupted" },
        { new UnauthorizedAccessException("/root/x"), 1, "failed" },
        { new InvalidOperationException("never"), 1, "failed" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void HaveTheirExitCode(Exception failure, int exitCode, string reason)
    {
        (int ended, string output, string error) = Fail(failure, new ReportingOptions { Json = true });

        Assert.Equal(exitCode, ended);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal("error", document.RootElement.GetProperty("event").GetString());
        Assert.Equal(reason, document.RootElement.GetProperty("reason").GetString());
        Assert.Equal(exitCode, document.RootElement.GetProperty("exit_code").GetInt32());
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void NameCallAndErrno()
    {
        using JsonDocument document = JsonDocument.Parse(
            Fail(new NativeException("ptrace(PTRACE_SEIZE)", 1, "4711"), new ReportingOptions { Json = true }).Output);

        Assert.Equal("ptrace(PTRACE_SEIZE)", document.RootElement.GetProperty("call").GetString());
        Assert.Equal(1, document.RootElement.GetProperty("errno").GetInt32());
        Assert.Contains("4711", document.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AreTwoLinesOfText()
    {
        LazyRestoreException failure = new(FailureReason.Failed, "no room", "Make some.");

        Assert.Equal((1, "", "error: no room\n  hint: Make some.\n"), Fail(failure, new ReportingOptions()));
    }

    [Fact]
    public void AreOneLineOfAJsonLog()
    {
        LazyRestoreException failure = new(FailureReason.Failed, "no room", "Make some.");
        (_, string output, string error) = Fail(failure, new ReportingOptions { JsonLog = true });

        Assert.Empty(output);
        using JsonDocument document = JsonDocument.Parse(Assert.Single(error.TrimEnd().Split('\n')));
        Assert.Equal("error", document.RootElement.GetProperty("level").GetString());
        Assert.Equal("no room", document.RootElement.GetProperty("message").GetString());
        Assert.Equal("Make some.", document.RootElement.GetProperty("hint").GetString());
    }

    [Fact]
    public void TellTheirPlaceOnlyWhenAskedTwice()
    {
        Exception failure = Assert.Throws<InvalidOperationException>(new Action(() => throw new InvalidOperationException("never")));

        Assert.DoesNotContain(nameof(TellTheirPlaceOnlyWhenAskedTwice), Fail(failure, new() { Verbosity = 1 }).Error, StringComparison.Ordinal);
        Assert.Contains(nameof(TellTheirPlaceOnlyWhenAskedTwice), Fail(failure, new() { Verbosity = 2 }).Error, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Fail(Exception failure, ReportingOptions options)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exitCode = new Reporter(Streams.Into(output, error), options).Fail(FailureReport.Of(failure));
        return (exitCode, output.ToString(), error.ToString());
    }
}
