using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A dump that fails or is interrupted leaves the process as it was, running, and no partial image.</summary>
public sealed class DumpFailureTests
{
    [Theory]
    [InlineData(Signals.Interrupt, 1)]
    [InlineData(Signals.Terminate, 2)]
    public void InterruptedDumpLeavesNothing(int signal, int seed)
    {
        using Subject subject = Subject.StartTarget("ballast", "192", "watch");
        ProcessSnapshot before = subject.Snapshot();
        Random random = new(seed);
        int interrupted = 0;
        for (int i = 0; i < 12; i++)
        {
            RunningProcess dump = subject.StartTool(subject.DumpArguments("--leave-running"));
            Thread.Sleep(random.Next(160)); // a random moment is what is tested
            dump.Signal(signal);
            int status = dump.WaitForExit();
            // Before it has set up its handlers a signal simply ends it; after the image is complete it is too late.
            Assert.True(status is 0 or 130 || status == 128 + signal, dump.Describe());
            interrupted += status == 130 ? 1 : 0;
            if (status != 0)
            {
                AssertNoImage(subject);
            }

            File.Delete(subject.Image);
            subject.AwaitAsBefore(before);
            AwaitHeartbeat(subject);
        }

        Assert.True(interrupted > 0, "no dump was interrupted");
        subject.Verify();
    }

    /// <summary>A dump that is killed outright cannot clean up its file, but the process must go on, as it does after any tracer's death.</summary>
    [Fact]
    public void ProcessSurvivesAKilledDump()
    {
        using Subject subject = Subject.StartTarget("ballast", "192", "watch");
        ProcessSnapshot before = subject.Snapshot();
        RunningProcess dump = subject.StartTool(subject.DumpArguments());

        // By then its code is in the process and out again; docs/support.md says what a kill at that moment does.
        const long SomePages = 1 << 20;
        subject.Await("pages are written", () => WrittenBytes(subject) > SomePages || dump.HasExited);
        Assert.False(dump.HasExited, dump.Describe());
        dump.Signal(Signals.Kill);
        dump.WaitForExit();
        Assert.False(File.Exists(subject.Image));
        Assert.True(Proc.IsAlive(subject.Pid), subject.Describe());
        AwaitHeartbeat(subject);
        GC.KeepAlive(before);
        subject.Verify();
    }

    [Fact]
    public void FullDiskLeavesNothing()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        ProcessSnapshot before = subject.Snapshot();
        string disk = Directory.CreateDirectory(subject.Scratch.File("disk")).FullName;
        Run(subject, "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk);
        try
        {
            CommandResult result = subject.Tool("dump", subject.Pid.ToString(CultureInfo.InvariantCulture), "-o", disk + "/image.ckpt").Exits(1);
            result.Names(disk, "space");
            Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
        }
        finally
        {
            Run(subject, "umount", disk);
        }

        subject.AwaitAsBefore(before);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void UnwritableFolderIsNamedBeforeTheProcessStops()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        string pid = subject.Pid.ToString(CultureInfo.InvariantCulture);
        subject.Tool("dump", pid, "-o", "/nowhere/image.ckpt").Exits(1).Names("/nowhere");
        subject.Verify();
    }

    [Fact]
    public void ExistingImageSurvivesAFailedDump()
    {
        using Subject subject = Subject.StartTarget("refused", "inotify");
        File.WriteAllText(subject.Image, "precious");
        subject.Tool(subject.DumpArguments()).Exits(3);
        Assert.Equal("precious", File.ReadAllText(subject.Image));
        subject.Verify();
    }

    [Fact]
    public void StoppedProcessIsCheckpointedStopped()
    {
        using Subject subject = Subject.StartTarget("ballast", "4");
        Signals.Send(subject.Pid, Signals.Stop);
        subject.Await("the process stops", () => Proc.State(subject.Pid) == 'T');
        CommandResult result = subject.Tool(subject.DumpArguments("--leave-running"));
        // Either it is saved and stays stopped, or it is refused and stays stopped.
        Assert.True(result.ExitCode is 0 or 3, result.ToString());
        subject.Await("the process is still stopped", () => Proc.State(subject.Pid) == 'T');
        Signals.Send(subject.Pid, Signals.Continue);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void ProcessThatDoesNotExistIsNamed()
    {
        using Scratch scratch = new();
        LazyRestoreBinary.Native.Run(scratch, "dump", "2147480000", "-o", scratch.File("image.ckpt")).Exits(1).Names("2147480000");
        LazyRestoreBinary.Native.Run(scratch, "dump", "nonsense", "-o", scratch.File("image.ckpt")).Exits(2);
        LazyRestoreBinary.Native.Run(scratch, "dump", "-o", scratch.File("image.ckpt")).Exits(2);
        Assert.False(File.Exists(scratch.File("image.ckpt")));
    }

    [Fact]
    public void ZombieAndKernelThreadAreRefused()
    {
        using Subject subject = Subject.StartTarget("family");
        int zombie = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int pid) ? pid : 0)
            .First(pid => pid > 0 && Proc.State(pid) == 'Z' && Proc.Parent(pid) == subject.Pid);
        string image = subject.Scratch.File("zombie.ckpt");
        CommandResult result = subject.Tool("dump", zombie.ToString(CultureInfo.InvariantCulture), "-o", image);
        Assert.True(result.ExitCode is 1 or 3, result.ToString());
        result.Names("zombie");
        result = subject.Tool("dump", "2", "-o", image).Exits(3);
        result.Names("kernel thread");
        Assert.False(File.Exists(image));
        subject.Verify();
    }

    [Fact]
    public void ToolRefusesItself()
    {
        using Scratch scratch = new();
        // The shell replaces itself with the tool, so $$ is the tool's own PID.
        using RunningProcess self = RunningProcess.Start(
            scratch.File("self"), scratch.Folder,
            "/bin/bash", "-c", "exec \"$0\" dump $$ -o \"$1\"", LazyRestoreBinary.Native.FilePath, scratch.File("image.ckpt"));
        int status = self.WaitForExit();
        Assert.True(status is 1 or 2 or 3, self.Describe());
        Assert.Contains("itself", self.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(scratch.File("image.ckpt")));
    }

    private static long WrittenBytes(Subject subject) => Directory.EnumerateFiles(subject.Scratch.Folder, "*image*")
        .Concat(Directory.EnumerateFiles(subject.Scratch.Folder, ".*")).Select(path => new FileInfo(path).Length).DefaultIfEmpty().Max();

    private static void AwaitHeartbeat(Subject subject)
    {
        string last = subject.Scratch.Text("beats");
        subject.Await("the process counts on", () => subject.Scratch.Text("beats") != last);
    }

    private static void AssertNoImage(Subject subject) => Assert.DoesNotContain(
        Directory.EnumerateFileSystemEntries(subject.Scratch.Folder), path => Path.GetFileName(path).Contains("image", StringComparison.Ordinal));

    private static void Run(Subject subject, params string[] command)
    {
        using RunningProcess process = RunningProcess.Start(subject.Scratch.File("command"), "/", command);
        Assert.True(process.WaitForExit() == 0, process.Describe());
    }
}
