using System.Buffers.Binary;
using System.Globalization;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump;

namespace LazyRestore.Tools.Tests.Dump;

/// <summary>A snapshot is of one moment, and neither the process nor anyone else sees anything of the copy.</summary>
public sealed class SnapshotTests
{
    private const ulong Start = 0x100_0000_0000;
    private const ulong Area = 32 << 20;
    private const int Pages = 256;

    [Fact]
    public void Everything_is_in_a_snapshot_and_nothing_has_changed_in_the_process()
    {
        using TargetProcess target = TargetProcess.Compile("everything");

        using (CheckpointImage image = DumpRun.Take(DumpRun.Options(target) with { Snapshot = true }))
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

    [Theory]
    [InlineData(ExtentCodec.None)]
    [InlineData(ExtentCodec.Lz4)]
    public void It_is_of_one_moment_though_the_process_goes_on(ExtentCodec codec)
    {
        using TargetProcess target = TargetProcess.Compile("changing");
        bool wentOn = false;
        for (int i = 0; i < 5; i++)
        {
            DumpRun run = new() { OnThawed = () => wentOn = WentOn(target) };
            Dumper.Run(DumpRun.Options(target) with { Snapshot = true, Codec = codec }, run, TestContext.Current.CancellationToken);
            using CheckpointImage image = CheckpointImage.OpenFile(DumpRun.ImageOf(target));
            ulong[] numbers = [.. Enumerable.Range(0, Pages).Select(page => Number(image, page))];

            Assert.True(wentOn, "the process waited for the image");
            Assert.True(numbers[0] > 0);
            Assert.InRange(numbers[0] - numbers[^1], 0ul, 1ul);
            Assert.Equal(numbers.OrderDescending(), numbers);
            AssertAlone(target);
        }

        Assert.True(WentOn(target));
        Assert.False(File.Exists(Path.Combine(target.DirectoryPath, "bad")), "the process has seen a child");
    }

    [Fact]
    public void Given_up_in_the_background_it_leaves_nothing()
    {
        using TargetProcess target = TargetProcess.Compile("changing");
        using CancellationTokenSource cancelled = new();
        DumpRun run = new() { OnThawed = cancelled.Cancel };

        Assert.Throws<OperationCanceledException>(() => Dumper.Run(DumpRun.Options(target) with { Snapshot = true }, run, cancelled.Token));

        AssertNothingLeft(target);
    }

    [Fact]
    public void A_copy_that_somebody_kills_makes_no_image()
    {
        using TargetProcess target = TargetProcess.Compile("changing");
        DumpRun run = new()
        {
            OnThawed = () =>
            {
                int copy = Assert.Single(SharersOfProgram(target));
                System.Diagnostics.Process.GetProcessById(copy).Kill();
                TargetProcess.WaitUntil(() => !IsAlive(copy) || File.ReadAllText($"/proc/{copy}/stat").Contains(") Z ", StringComparison.Ordinal));
            },
        };

        LazyRestoreException error = Assert.ThrowsAny<LazyRestoreException>(
            () => Dumper.Run(DumpRun.Options(target) with { Snapshot = true }, run, TestContext.Current.CancellationToken));

        Assert.Contains("copy", error.Message);
        AssertNothingLeft(target);
    }

    private static void AssertNothingLeft(TargetProcess target)
    {
        Assert.False(File.Exists(DumpRun.ImageOf(target)));
        Assert.Empty(Directory.EnumerateFiles(target.DirectoryPath, "*.partial"));
        AssertAlone(target);
        Assert.True(WentOn(target));
        Assert.False(File.Exists(Path.Combine(target.DirectoryPath, "bad")), "the process has seen a child");
    }

    private static void AssertAlone(TargetProcess target)
    {
        Assert.Empty(SharersOfProgram(target));
        Assert.Equal("", File.ReadAllText($"/proc/{target.Id}/task/{target.Id}/children"));
    }

    private static ulong Number(CheckpointImage image, int page)
    {
        ulong address = Start + ((ulong)(page % 4) * Area) + ((ulong)(page / 4) * (Area / (Pages / 4)));
        VmaRecord vma = image.Checkpoint.Vmas.First(vma => vma.Start <= address && address < vma.End);
        byte[]? content = vma.Kind == VmaKind.Object
            ? ImageMemory.Page(image, vma.BackingId, address - vma.Start + (ulong)vma.Offset)
            : ImageMemory.Page(image, ExtentAddress.Process, address);
        return BinaryPrimitives.ReadUInt64LittleEndian(content);
    }

    private static bool WentOn(TargetProcess target)
    {
        ulong before = Rounds(target);
        TargetProcess.WaitUntil(() => Rounds(target) > before);
        return true;
    }

    private static ulong Rounds(TargetProcess target)
    {
        string path = Path.Combine(target.DirectoryPath, "rounds");
        return File.Exists(path) && ulong.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out ulong rounds) ? rounds : 0;
    }

    private static int[] SharersOfProgram(TargetProcess target) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int pid) ? pid : 0)
            .Where(pid => pid != 0 && pid != target.Id && IsAlive(pid) && LinkOf(pid) == LinkOf(target.Id)),
    ];

    private static bool IsAlive(int pid) => Directory.Exists($"/proc/{pid}");

    private static string? LinkOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/exe").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
