using System.Globalization;
using System.IO.Pipes;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Tests.Restoring;

/// <summary>How the outside hears that a process runs.</summary>
public sealed class RunningNoticeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-tests-").FullName;

    private string PidFile => Path.Combine(_folder, "pid");

    [Fact]
    public void ThePidFileAppearsWholeWhenTheProcessRuns()
    {
        using (RunningNotice notice = RunningNotice.Prepare(new RestoreSettings { Image = "x", PidFile = PidFile }))
        {
            Assert.False(File.Exists(PidFile));
            notice.Give(4711);
            Assert.Equal("4711\n", File.ReadAllText(PidFile));
        }

        Assert.Equal([PidFile], Directory.GetFiles(_folder));
    }

    [Fact]
    public void NothingIsLeftWhenItNeverRuns()
    {
        RunningNotice.Prepare(new RestoreSettings { Image = "x", PidFile = PidFile }).Dispose();

        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void APidFileThatCannotBeWrittenFailsBeforehand()
    {
        RestoreSettings settings = new() { Image = "x", PidFile = Path.Combine(_folder, "missing", "pid") };

        Assert.Equal(FailureReason.Failed, Assert.Throws<LazyRestoreException>(() => RunningNotice.Prepare(settings)).Reason);
    }

    [Fact]
    public void TheDescriptorGetsOneByte()
    {
        using AnonymousPipeServerStream pipe = new(PipeDirection.In, HandleInheritability.Inheritable);
        int descriptor = int.Parse(pipe.GetClientHandleAsString(), CultureInfo.InvariantCulture);
        using (RunningNotice notice = RunningNotice.Prepare(new RestoreSettings { Image = "x", StatusFd = descriptor }))
        {
            notice.Give(4711);
        }

        Assert.Equal(0, pipe.ReadByte());
        Assert.Equal(-1, pipe.ReadByte());
        pipe.ClientSafePipeHandle.SetHandleAsInvalid();
    }

    [Fact]
    public void AClosedDescriptorIsWrongUsage()
    {
        RestoreSettings settings = new() { Image = "x", StatusFd = 100_000 };

        Assert.Equal(FailureReason.Usage, Assert.Throws<LazyRestoreException>(() => RunningNotice.Prepare(settings)).Reason);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
