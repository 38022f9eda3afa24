using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Dump.Memory;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>Dumps real processes and reads the images back.</summary>
public sealed class DumpTests
{
    private const string NoStreams = "</dev/null >/dev/null 2>&1";

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    [InlineData(ExtentCodec.Zstd)]
    public void A_sleeping_program_goes_on_sleeping(ExtentCodec codec)
    {
        using TargetProcess target = TargetProcess.Start(NoStreams, "sleep", "1000");
        DumpRun run = new();

        DumpResult result = Dumper.Run(DumpRun.Options(target) with { Codec = codec }, run, TestContext.Current.CancellationToken);

        using CheckpointImage image = CheckpointImage.OpenFile(DumpRun.ImageOf(target));
        Assert.True(image.Verify(cancellationToken: TestContext.Current.CancellationToken).IsIntact);
        Assert.Equal(result.Pages, image.Index.TotalPages);
        Assert.Equal(new FileInfo(DumpRun.ImageOf(target)).Length, result.ImageBytes);
        Assert.Equal(1, run.FrozenThreads);
        Assert.Equal(run.Progress.Total, run.Progress.Done);
        Assert.Equal("/usr/bin/sleep", image.Checkpoint.Process.Executable);
        Assert.Equal(3, image.Checkpoint.Descriptors.Count);
        TargetProcess.WaitUntil(() => target.State == 'S');
    }

    [Fact]
    public void A_sleep_remembers_what_is_left_of_it_also_when_it_was_interrupted_before()
    {
        using TargetProcess target = TargetProcess.Start(NoStreams, "sleep", "1000");

        for (int i = 0; i < 2; i++)
        {
            using CheckpointImage image = DumpRun.Take(DumpRun.Options(target));
            ThreadRecord thread = image.Checkpoint.Threads[0];
            UserRegisters registers = UserRegisters.From(thread.Registers.Span);
            Assert.Equal((230, -516), ((long)registers.orig_rax, (long)registers.rax));
            Assert.InRange(thread.SleepRemainingNanoseconds ?? 0, 900_000_000_000, 1000_000_000_000);
            TargetProcess.WaitUntil(() => target.State == 'S');
        }
    }

    [Fact]
    public void Without_leave_running_the_process_ends_with_an_image()
    {
        using TargetProcess target = TargetProcess.Start(NoStreams, "sleep", "1000");

        using CheckpointImage image = DumpRun.Take(DumpRun.Options(target) with { LeaveRunning = false });

        TargetProcess.WaitUntil(() => target.HasEnded || target.State is 'Z');
        Assert.Equal(target.Id, image.Checkpoint.Process.Pid);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(DumpRun.ImageOf(target)));
    }

    [Fact]
    public void Leave_stopped_stops_it()
    {
        using TargetProcess target = TargetProcess.Start(NoStreams, "sleep", "1000");

        DumpRun.Take(DumpRun.Options(target) with { LeaveRunning = false, LeaveStopped = true }).Dispose();

        TargetProcess.WaitUntil(() => target.State == 'T');
        target.Signal("CONT");
        TargetProcess.WaitUntil(() => target.State == 'S');
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Everything_is_in_the_image_and_nothing_has_changed_in_the_process(bool snapshot)
    {
        using TargetProcess target = TargetProcess.Compile("everything");

        using (CheckpointImage image = DumpRun.Take(DumpRun.Options(target) with { Snapshot = snapshot }))
        {
            Assert.True(image.Verify(cancellationToken: TestContext.Current.CancellationToken).IsIntact);
            Everything.CheckProcess(image.Checkpoint, target);
            Everything.CheckThreads(image.Checkpoint);
            Everything.CheckMemory(image);
            Everything.CheckFiles(image, target);
            Everything.CheckSockets(image.Checkpoint, target);
        }

        target.Signal("USR1");
        Assert.Equal("ok", target.WaitFor("verdict"));
    }

    [Fact]
    public void Standard_streams_that_lead_outside_are_inherited_only_when_asked()
    {
        using TargetProcess target = TargetProcess.Compile("refused", "stream");

        LazyRestoreException error = Assert.Throws<LazyRestoreException>(() => DumpRun.Take(DumpRun.Options(target)));
        Assert.Equal(FailureReason.Unsupported, error.Reason);
        Assert.Contains("descriptor 1", error.Message);
        Assert.Contains("--inherit-stdio", error.Remedy);

        using CheckpointImage image = DumpRun.Take(DumpRun.Options(target) with { Choices = new DumpChoices { InheritStdio = true } });
        ExternalStreamRecord stream = Assert.Single(image.Checkpoint.Files.OfType<ExternalStreamRecord>());
        Assert.Equal(1, stream.Stream);
        Assert.Equal([1, 2], image.Checkpoint.Descriptors.Where(one => one.FileId == stream.Id).Select(one => one.Number));
    }

    [Fact]
    public void A_snapshot_tells_the_same_as_a_dump()
    {
        using TargetProcess target = TargetProcess.Compile("everything");
        DumpRun run = new();

        DumpResult result = Dumper.Run(DumpRun.Options(target) with { Snapshot = true }, run, TestContext.Current.CancellationToken);

        using CheckpointImage snapshot = CheckpointImage.OpenFile(DumpRun.ImageOf(target));
        Assert.True(snapshot.Verify(cancellationToken: TestContext.Current.CancellationToken).IsIntact);
        Assert.Equal((2, result.Freeze), (run.FrozenThreads, run.Freeze));
        Assert.Equal(run.Progress.Total, run.Progress.Done);
        using CheckpointImage dump = DumpRun.Take(DumpRun.Options(target));
        Assert.Equal(dump.Checkpoint.Vmas, snapshot.Checkpoint.Vmas);
        Assert.Equal(dump.Checkpoint.MappedFiles.Select(Text), snapshot.Checkpoint.MappedFiles.Select(Text));
        Assert.Equal(dump.Checkpoint.Descriptors, snapshot.Checkpoint.Descriptors);
        Assert.Equal(dump.Index.TotalPages, snapshot.Index.TotalPages);

        static string Text(MappedFileRecord file) => $"{file.Id} {file.Path} {file.Writable} {Convert.ToHexString(file.Identity.BuildId.Span)}";
    }

    [Fact]
    public void A_snapshot_that_is_given_up_leaves_no_copy()
    {
        using TargetProcess target = TargetProcess.Start(NoStreams, "sleep", "1000");
        using CancellationTokenSource source = new();
        int copies = 0;
        DumpRun run = new()
        {
            OnThawed = () =>
            {
                copies = Copies();
                source.Cancel();
            },
        };

        Assert.Throws<OperationCanceledException>(
            () => Dumper.Run(DumpRun.Options(target) with { Snapshot = true }, run, source.Token));

        Assert.Equal(1, copies);
        TargetProcess.WaitUntil(() => Copies() == 0 && target.State == 'S');
        Assert.Empty(Directory.GetFiles(target.DirectoryPath));

        // Its addresses are the target's, and no other process's.
        int Copies() => Directory.GetDirectories("/proc").Count(path => int.TryParse(Path.GetFileName(path), out int pid) && IsCopy(pid));

        bool IsCopy(int pid)
        {
            try
            {
                return File.ReadAllText($"/proc/{pid}/comm") == "lazyrestore-cp\n"
                    && File.ReadAllText($"/proc/{pid}/maps") == File.ReadAllText($"/proc/{target.Id}/maps");
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_page_map_is_read_where_the_kernel_does_not_scan()
    {
        using TargetProcess target = TargetProcess.Compile("everything");
        using CheckpointImage image = DumpRun.Take(DumpRun.Options(target));
        VmaRecord anonymous = image.Checkpoint.Vmas.First(vma => vma.Length == 4 << 20);
        VmaRecord mapped = image.Checkpoint.Vmas.First(vma => vma.Kind == VmaKind.PrivateFile && vma.Length == 3 * 4096);

        Assert.Equal(513, Count(anonymous, fileBacked: false, kernelScans: true));
        Assert.Equal(513, Count(anonymous, fileBacked: false, kernelScans: false));
        Assert.Equal(1, Count(mapped, fileBacked: true, kernelScans: true));
        Assert.Equal(1, Count(mapped, fileBacked: true, kernelScans: false));
        foreach (bool kernelScans in (bool[])[true, false])
        {
            using PagemapScanner scanner = new(target.Id, kernelScans);
            Assert.True(scanner.HoldsData(anonymous.Start, anonymous.End));
            Assert.False(scanner.HoldsData(anonymous.Start + (3 * 4096), anonymous.Start + (4 * 4096)));
        }

        long Count(VmaRecord vma, bool fileBacked, bool kernelScans)
        {
            List<PageRange> found = [];
            using PagemapScanner scanner = new(target.Id, kernelScans);
            Assert.False(scanner.Scan(vma.Start, vma.End, fileBacked, found));
            return found.Sum(range => range.Pages);
        }
    }
}
