using LazyRestore.ImageFormat;
using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>What an image cannot hold is refused by name, and the process does not notice.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("tcp", "a TCP connection (127.0.0.1:")]
    [InlineData("inotify", "descriptor 3: an inotify instance with events that wait to be read")]
    [InlineData("segment", " that other processes are attached to, too (1 times)")]
    [InlineData("part", ": System V shared memory of which only a part is mapped")]
    [InlineData("undo", ": System V semaphores used by a process that has threads or changes to undo (SEM_UNDO)")]
    [InlineData("semaphores", ": System V semaphores that another process uses, too (process ")]
    [InlineData("queue", ": a System V message queue that another process uses, too (process ")]
    [InlineData("seccomp-listener", "a seccomp filter that asks another process")]
    [InlineData("outside-pipe", "descriptor 4: a pipe to another process (pipe:[")]
    [InlineData("fifo", "descriptor 3: a named pipe that another process has open, too (")]
    [InlineData("moved", "descriptor 3: a file that is no longer at its path (")]
    [InlineData("in-flight", "descriptors in flight in a UNIX socket")]
    [InlineData("netlink", "descriptor 3: a netlink socket with answers that wait or are under way (")]
    [InlineData("packet", "descriptor 3: a socket of this family or protocol (family 17")]
    [InlineData("pidfd", "descriptor 3: a pidfd of another process (of process 1)")]
    [InlineData("userfaultfd", "descriptor 3: a userfaultfd (anon_inode:[userfaultfd])")]
    [InlineData("hugetlb", "descriptor 3: hugetlb memory (/memfd:huge")]
    [InlineData("terminal", "descriptor 3: a pseudo terminal that another process has, too (/dev/pts/")]
    [InlineData("held", "descriptor 3: a terminal whose output is held, with more of it to be read (/dev/pts/")]
    [InlineData("news", "descriptor 3: a terminal in packet mode with a change of state to be read (/dev/pts/")]
    [InlineData("guard", "guard pages (MADV_GUARD_INSTALL)")]
    [InlineData("directory", "a deleted directory (")]
    public void What_cannot_be_saved_is_named(string kind, string expected)
    {
        using TargetProcess target = TargetProcess.Compile("refused", kind);

        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => DumpRun.Take(DumpRun.Options(target)));

        Assert.Equal(FailureReason.Unsupported, error.Reason);
        Assert.Contains(expected, error.Message);
        Assert.Contains("cannot be saved yet", error.Message);
        Unharmed(target);
    }

    [Fact]
    public void A_process_that_is_being_traced_is_waited_for_and_then_refused()
    {
        using TargetProcess target = TargetProcess.Compile("refused", "traced");

        LazyRestoreException error = Assert.ThrowsAny<LazyRestoreException>(() => DumpRun.Take(DumpRun.Options(target)));

        Assert.Equal(FailureReason.Unsupported, error.Reason);
        Assert.Contains("is already traced by process", error.Message);
        Assert.False(File.Exists(DumpRun.ImageOf(target)));
    }

    [Fact]
    public void A_stopped_process_is_saved_as_one_and_stays_stopped()
    {
        using TargetProcess target = TargetProcess.Compile("everything");
        target.Signal("STOP");
        TargetProcess.WaitUntil(() => target.State == 'T');

        using (CheckpointImage image = DumpRun.Take(DumpRun.Options(target)))
        {
            const int Stop = 19;
            Assert.Equal(Stop, image.Checkpoint.Process.StopSignal);
        }

        TargetProcess.WaitUntil(() => target.State == 'T');
        target.Signal("CONT");
        GoesOn(target);
    }

    [Theory]
    [InlineData("child", "a child process in a snapshot (")]
    [InlineData("stopped", "a stopped process in a snapshot")]
    public void What_a_snapshot_cannot_hold_is_named(string kind, string expected)
    {
        using TargetProcess target = TargetProcess.Compile("refused", kind);
        if (kind == "stopped")
        {
            target.Signal("STOP");
            TargetProcess.WaitUntil(() => target.State == 'T');
        }

        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => DumpRun.Take(DumpRun.Options(target) with { Snapshot = true }));

        Assert.Equal(FailureReason.Unsupported, error.Reason);
        Assert.Contains(expected, error.Message);
        target.Signal("CONT");
        Unharmed(target);
    }

    [Fact]
    public void All_refusals_come_at_once_and_only_once()
    {
        Refusals refusals = new();
        refusals.Add("descriptor 3", UnsupportedKind.NamedPipe, "/tmp/fifo");
        refusals.Add("descriptor 3", UnsupportedKind.NamedPipe, "/tmp/fifo");
        refusals.Add("thread 8", UnsupportedKind.SeccompListener);

        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => refusals.ThrowIfAny(7));

        Assert.Equal(
            "process 7 has state that cannot be saved yet:\n"
            + "  descriptor 3: a named pipe that another process has open, too (/tmp/fifo) cannot be saved yet\n"
            + "  thread 8: a seccomp filter that asks another process (SECCOMP_RET_USER_NOTIF) cannot be saved yet",
            error.Message);
    }

    [Theory]
    [InlineData("process 7", "process 7: a deleted directory cannot be saved yet")]
    [InlineData("thread 8", "process 7: thread 8: a deleted directory cannot be saved yet")]
    public void One_refusal_is_one_sentence(string subject, string expected)
    {
        Refusals refusals = new();
        refusals.Add(subject, UnsupportedKind.DeletedDirectory);

        Assert.Equal(expected, Assert.Throws<LazyRestoreException>(() => refusals.ThrowIfAny(7)).Message);
    }

    [Fact]
    public void A_process_that_does_not_exist_is_said_so()
    {
        DumpOptions options = new() { Pid = int.MaxValue, Output = "/nonexistent/image" };

        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => DumpRun.Take(options));

        Assert.Equal(FailureReason.Failed, error.Reason);
        Assert.Contains("there is no process", error.Message);
    }

    [Fact]
    public void A_kernel_thread_is_refused()
    {
        LazyRestoreException error = Assert.Throws<LazyRestoreException>(
            () => DumpRun.Take(new DumpOptions { Pid = 2, Output = "/nonexistent/image" }));

        Assert.Contains("a kernel thread cannot be saved yet", error.Message);
    }

    [Fact]
    public void A_disk_that_is_full_leaves_the_process_and_no_image()
    {
        using TargetProcess target = TargetProcess.Compile("everything");
        string disk = Directory.CreateDirectory(Path.Combine(target.DirectoryPath, "disk")).FullName;
        TargetProcess.Run("mount", "-t", "tmpfs", "-o", "size=512k", "none", disk);
        try
        {
            DumpOptions options = DumpRun.Options(target) with { Output = Path.Combine(disk, "image"), LeaveRunning = false };

            LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => DumpRun.Take(options));

            Assert.Equal(FailureReason.Failed, error.Reason);
            Assert.Empty(Directory.GetFileSystemEntries(disk));
        }
        finally
        {
            TargetProcess.Run("umount", disk);
        }

        GoesOn(target);
    }

    [Fact]
    public void A_dump_that_is_cancelled_leaves_the_process_and_no_image()
    {
        using TargetProcess target = TargetProcess.Compile("everything");
        using CancellationTokenSource cancellation = new();
        DumpRun run = new() { OnFrozen = cancellation.Cancel };

        Assert.ThrowsAny<OperationCanceledException>(
            () => Dumper.Run(DumpRun.Options(target) with { LeaveRunning = false }, run, cancellation.Token));

        Unharmed(target);
        GoesOn(target);
    }

    private static void GoesOn(TargetProcess target)
    {
        target.Signal("USR1");
        Assert.Equal("ok", target.WaitFor("verdict"));
    }

    private static void Unharmed(TargetProcess target)
    {
        TargetProcess.WaitUntil(() => target.State == 'S');
        Assert.Contains("TracerPid:\t0", File.ReadAllText($"/proc/{target.Id}/status"));
        Assert.DoesNotContain(
            Directory.GetFiles(target.DirectoryPath), path => Path.GetFileName(path).Contains("image", StringComparison.Ordinal));
    }
}
