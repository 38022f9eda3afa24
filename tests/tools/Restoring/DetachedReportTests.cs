using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Tests.Restoring;

/// <summary>What the halves of a detached restore tell each other.</summary>
public sealed class DetachedReportTests
{
    [Fact]
    public void APidArrives()
    {
        DetachedReport report = DetachedReport.Parse(JsonLine.Event("running", RestoreReport.Running(4711, TimeSpan.FromMilliseconds(9))));

        Assert.Equal(4711, report.Pid);
        Assert.Equal(TimeSpan.FromMilliseconds(9), report.ToRunning);
        Assert.Null(report.Failure);
    }

    [Fact]
    public void AFailureArrivesWhole()
    {
        FailureReport failure = new()
        {
            ExitCode = 4,
            Message = "damaged",
            Hint = "Copy it again.",
            Call = "read",
            Errno = 5,
            Record = "vma",
            Offset = 1L << 40,
        };

        Assert.Equal(failure, DetachedReport.Parse(JsonLine.Event("error", failure.Fields())).Failure);
    }

    [Fact]
    public void SilenceIsAFailure() => Assert.Equal(1, DetachedReport.Parse("").Failure!.ExitCode);
}
