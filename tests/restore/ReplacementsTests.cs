using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using Xunit;

namespace LazyRestore.Restore.Tests;

/// <summary>What the user gives in place of what the process had stands in the records before anything is planned.</summary>
public sealed class ReplacementsTests
{
    [Fact]
    public void WithoutAnyTheRecordsStayAsTheyAre()
    {
        Checkpoint altered = new Replacements().Apply(SampleCheckpoint.Build());

        Assert.Equal(SampleCheckpoint.Build().Files, altered.Files);
        Assert.Equal("/opt/app/bin", altered.Process.Executable);
    }

    [Fact]
    public void APathIsReplacedWithAllThatIsBelowItAndTheFirstThatFitsCounts()
    {
        Checkpoint altered = new Replacements { Paths = [("/opt/app/bin", "/usr/bin/app"), ("/opt", "/srv"), ("/opt/app", "/never")] }
            .Apply(SampleCheckpoint.Build());

        Assert.Equal("/usr/bin/app", altered.Process.Executable);
        Assert.Equal("/srv/app", altered.Process.WorkingDirectory);
        Assert.Equal("/", altered.Process.RootDirectory);
        Assert.Equal("/srv/app/log", altered.Files.OfType<PathFileRecord>().First().Path);
        Assert.Equal("/options", altered.Files.OfType<PathFileRecord>().Last().Path);
        Assert.Equal("/usr/bin/app", altered.MappedFiles[0].Path);
    }

    [Fact]
    public void ADescriptorBecomesAFileForAllThatShareIt()
    {
        Checkpoint altered = new Replacements { Descriptors = new Dictionary<int, string> { [4] = "/new/log" } }.Apply(SampleCheckpoint.Build());

        PathFileRecord file = Assert.IsType<PathFileRecord>(altered.Files.First(file => file.Id == 1));
        Assert.Equal("/new/log", file.Path);
        Assert.Equal(0x401, file.StatusFlags);
        Assert.Equal(0, file.Offset);
        Assert.Equal([3, 4], altered.Descriptors.Where(descriptor => descriptor.FileId == 1).Select(descriptor => descriptor.Number));
        Assert.Empty(altered.Locks);
    }

    [Fact]
    public void ADescriptorThatTheProcessLacksIsAnErrorOfUsage()
    {
        LazyRestoreException error = Assert.Throws<LazyRestoreException>(
            () => new Replacements { Descriptors = new Dictionary<int, string> { [9] = "/new/log" } }.Apply(SampleCheckpoint.Build()));

        Assert.Equal(FailureReason.Usage, error.Reason);
        Assert.Contains("no descriptor 9", error.Message);
    }

    [Fact]
    public void AConnectionThatIsNotMadeAgainKeepsItsOptions()
    {
        InetSocketRecord socket = Assert.IsType<InetSocketRecord>(
            new Replacements { CloseConnections = true }.Apply(SampleCheckpoint.Build()).Files.First(file => file.Id == 2));

        Assert.True(socket.Aborted);
        Assert.Equal(6, socket.Protocol);
        Assert.Equal(SampleCheckpoint.Connection.Options, socket.Options);
    }
}
