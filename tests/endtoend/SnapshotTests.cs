using System.Globalization;
using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>dump --snapshot: the process goes on while a copy of it is saved, and nothing of that is seen by anyone.</summary>
public sealed class SnapshotTests
{
    /// <summary>
    /// A page that is older or newer than its neighbours shows: the program demands of each that it is of the round that it has come to.
    /// </summary>
    [Theory]
    [InlineData("plain", "none", 64)]
    [InlineData("plain", "zstd", 16)]
    [InlineData("all", "none", 64)]
    [InlineData("all", "lz4", 4)]
    public void EverythingIsOfOneMoment(string kinds, string codec, int size)
    {
        using Subject subject = Subject.StartTarget("snapshot", size.ToString(CultureInfo.InvariantCulture), kinds);
        ProcessSnapshot before = subject.Snapshot();
        for (int i = 0; i < 3; i++)
        {
            subject.Tool(subject.DumpArguments("--snapshot", "--compress", codec)).Exits(0);
        }

        AwaitNoCopy(subject);
        subject.AwaitAsBefore(before);
        int original = subject.Pid;
        subject.Restore(Mode.Lazy, "--new-pid");
        Finish(subject, original, ends: 2);
    }

    [Fact]
    public void NeitherTheProcessNorItsParentSeesTheCopy()
    {
        using Subject subject = Subject.StartTarget("snapshot", "4", "all", "parent");
        string pid = subject.Scratch.Text("ready").Trim();
        for (int i = 0; i < 5; i++)
        {
            subject.Tool("dump", pid, "--snapshot", "-o", subject.Image).Exits(0);
            Assert.Equal("", Proc.Text(int.Parse(pid, CultureInfo.InvariantCulture), $"task/{pid}/children"));
            Assert.Equal(pid, Proc.Text(subject.Pid, $"task/{subject.Pid}/children").Trim());
        }

        AwaitNoCopy(subject);
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await("the parent has waited", () => subject.Scratch.Text("parent").Length > 0);
        Assert.Equal("one child, 1 SIGCHLD\n", subject.Scratch.Text("parent"));
        Assert.Equal("ok", subject.Log.Trim());
    }

    [Fact]
    public void TheProcessGoesOnWhileItIsSaved()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        using RunningProcess dump = StartStalled(subject);
        int copy = AwaitStalled(subject, dump);

        AwaitHeartbeat(subject);
        Assert.Equal("0", Proc.Status(subject.Pid, "TracerPid"));
        Assert.Equal("", Proc.Text(subject.Pid, $"task/{subject.Pid}/children"));
        Assert.Empty(Proc.Descriptors(copy));
        string image = subject.Scratch.File("received.ckpt");
        Receive(subject, image);
        Assert.True(dump.WaitForExit() == 0, dump.Describe());
        AwaitNoCopy(subject);
        subject.Tool("inspect", image, "verify").Exits(0);
        subject.Verify();
    }

    [Fact]
    public void KilledDumpTakesTheCopyWithIt()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        ProcessSnapshot before = subject.Snapshot();
        using RunningProcess dump = StartStalled(subject);
        AwaitStalled(subject, dump);
        dump.Signal(Signals.Kill);
        dump.WaitForExit();
        AwaitNoCopy(subject);
        subject.AwaitAsBefore(before);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void KilledCopyMakesNoImage()
    {
        using Subject subject = Subject.StartTarget("ballast", "64");
        using RunningProcess dump = StartStalled(subject);
        int copy = AwaitStalled(subject, dump);
        Signals.Send(copy, Signals.Kill);
        Receive(subject, "/dev/null");
        Assert.True(dump.WaitForExit() == 1, dump.Describe());
        Assert.Contains($"{copy}, the copy of process {subject.Pid}, was killed", dump.Errors, StringComparison.Ordinal);
        AwaitNoCopy(subject);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void InterruptedSnapshotLeavesNothing()
    {
        using Subject subject = Subject.StartTarget("ballast", "192", "watch");
        ProcessSnapshot before = subject.Snapshot();
        int interrupted = 0;
        for (int i = 0; i < 5; i++)
        {
            RunningProcess dump = subject.StartTool(subject.DumpArguments("--snapshot", "--json", "--compress", "zstd"));
            subject.Await("the process goes on", () => (dump.Output + dump.Errors).Contains("thawed", StringComparison.Ordinal) || dump.HasExited);
            dump.Signal(Signals.Interrupt);
            int status = dump.WaitForExit();
            Assert.True(status is 0 or 130, dump.Describe());
            interrupted += status == 130 ? 1 : 0;
            Assert.Equal(status == 0, File.Exists(subject.Image));
            File.Delete(subject.Image);
            AwaitNoCopy(subject);
        }

        Assert.True(interrupted > 0, "no dump was interrupted");
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(subject.Scratch.Folder), path => path.Contains("image", StringComparison.Ordinal));
        subject.AwaitAsBefore(before);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void FullDiskLeavesNothing()
    {
        using Subject subject = Subject.StartTarget("ballast", "64", "watch");
        string disk = Directory.CreateDirectory(subject.Scratch.File("disk")).FullName;
        Run(subject, "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk);
        try
        {
            subject.Tool("dump", Pid(subject), "--snapshot", "-o", disk + "/image.ckpt").Exits(1).Names(disk, "space");
            Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
        }
        finally
        {
            Run(subject, "umount", disk);
        }

        AwaitNoCopy(subject);
        AwaitHeartbeat(subject);
        subject.Verify();
    }

    [Fact]
    public void ProcessThatMayNotForkSaysSo()
    {
        const string NoOne = "61234";
        using Subject subject = Subject.StartUnready(
            LazyRestoreBinary.Native, _ => ["prlimit", "--nproc=1:1", "setpriv", "--reuid", NoOne, "--clear-groups", "sleep", "1000"]);
        subject.Await("it sleeps", () => Proc.Text(subject.Pid, "comm") == "sleep\n" && Proc.State(subject.Pid) == 'S');
        ProcessSnapshot before = subject.Snapshot();
        subject.Tool(subject.DumpArguments("--snapshot", "--inherit-stdio")).Exits(1).Names("cannot be copied", "clone3", "errno 11", "without --snapshot");
        Assert.False(File.Exists(subject.Image));
        subject.AwaitAsBefore(before);
    }

    [Fact]
    public void ProcessThatAdoptsOrphansIsRefused()
    {
        using Subject subject = Subject.StartUnready(
            LazyRestoreBinary.Native, _ => ["perl", "-e", "syscall(157, 36, 1, 0, 0, 0); sleep 1000"]);
        subject.Await("it sleeps", () => Proc.Text(subject.Pid, "comm") == "perl\n" && Proc.State(subject.Pid) == 'S');
        subject.Tool(subject.DumpArguments("--snapshot", "--inherit-stdio")).Exits(3).Names("adopts orphans", "without --snapshot");
        Assert.False(File.Exists(subject.Image));
        Assert.True(Proc.IsAlive(subject.Pid));
    }

    private static string Pid(Subject subject) => subject.Pid.ToString(CultureInfo.InvariantCulture);

    // The image goes into a named pipe that nobody reads, so the dump stays where it is.
    private static RunningProcess StartStalled(Subject subject)
    {
        string pipe = subject.Scratch.File("pipe");
        Run(subject, "mkfifo", pipe);
        return RunningProcess.Start(
            subject.Scratch.File("stalled"), "/",
            "/bin/bash", "-c", "exec \"$0\" dump \"$1\" --snapshot -o - 1<>\"$2\"", LazyRestoreBinary.Native.FilePath, Pid(subject), pipe);
    }

    private static int AwaitStalled(Subject subject, RunningProcess dump)
    {
        subject.Await(
            "the pipe is full",
            () => Proc.Threads(dump.Pid).Any(tid => Proc.Text(dump.Pid, $"task/{tid}/wchan").Contains("pipe_write", StringComparison.Ordinal)),
            dump.Describe);
        return Copies(subject).Single(Proc.IsAlive);
    }

    // The dump alone has the pipe open for writing, so what is read ends with it.
    private static void Receive(Subject subject, string path)
    {
        using RunningProcess reader = RunningProcess.Start(
            subject.Scratch.File("reader"), "/", "/bin/bash", "-c", "exec cat <\"$0\" >\"$1\"", subject.Scratch.File("pipe"), path);
        Assert.True(reader.WaitForExit() == 0, reader.Describe());
    }

    private static IEnumerable<int> Copies(Subject subject) => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int pid) ? pid : 0)
        .Where(pid => pid > 0 && Proc.Text(pid, "comm") == "lazyrestore-cp\n"
            && (Proc.State(pid) == 'Z' || Proc.Text(pid, "cmdline").Contains(subject.Scratch.Folder, StringComparison.Ordinal)));

    // Whoever adopts orphans may take its time to reap it.
    private static void AwaitNoCopy(Subject subject) => subject.Await("nothing is left of the copy", () => !Copies(subject).Any());

    private static void AwaitHeartbeat(Subject subject)
    {
        string last = subject.Scratch.Text("beats");
        subject.Await("the process counts on", () => subject.Scratch.Text("beats") != last);
    }

    private static void Finish(Subject subject, int original, int ends)
    {
        File.WriteAllText(subject.Scratch.File("go"), "");
        subject.Await(
            "both processes end", () => !Proc.IsAlive(subject.Pid) && !Proc.IsAlive(original), within: TimeSpan.FromSeconds(60));
        Assert.True(subject.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).SequenceEqual(Enumerable.Repeat("ok", ends)), subject.Describe());
    }

    private static void Run(Subject subject, params string[] command)
    {
        using RunningProcess process = RunningProcess.Start(subject.Scratch.File("command"), "/", command);
        Assert.True(process.WaitForExit() == 0, process.Describe());
    }
}
