using System.Diagnostics;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

public sealed class FileWritingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("imagefmt").FullName;

    private string Image => Path.Combine(_directory, "image");

    [Fact]
    public void TheFileAppearsWholeAndPrivate()
    {
        using (CheckpointWriter writer = CheckpointWriter.ToFile(Image))
        {
            TestImage.Fill(writer, Samples.All, SampleExtent.Some(ExtentCodec.Lz4));
            Assert.False(File.Exists(Image));
            string temporary = Assert.Single(Directory.GetFiles(_directory));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(temporary));
            writer.Commit();
        }

        Assert.Equal(Image, Assert.Single(Directory.GetFiles(_directory)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Image));
        Assert.Equal(TestImage.Sample(ExtentCodec.Lz4), File.ReadAllBytes(Image));
        using CheckpointImage image = CheckpointImage.OpenFile(Image);
        Assert.True(image.Verify().IsIntact);
    }

    [Fact]
    public void WhatIsNotCommittedLeavesNothing()
    {
        File.WriteAllText(Image, "older");
        using (CheckpointWriter writer = CheckpointWriter.ToFile(Image))
        {
            TestImage.Fill(writer, Samples.All, SampleExtent.Some(ExtentCodec.None));
        }

        Assert.Equal(Image, Assert.Single(Directory.GetFiles(_directory)));
        Assert.Equal("older", File.ReadAllText(Image));
    }

    [Fact]
    public void ACommitReplacesAnOlderFile()
    {
        File.WriteAllText(Image, "older");
        using CheckpointWriter writer = CheckpointWriter.ToFile(Image);
        TestImage.Fill(writer, Damage.SmallRecords(), []);
        writer.Commit();
        Assert.Equal(new RawImage(Damage.SmallRecords()).Build(), File.ReadAllBytes(Image));
    }

    [Fact]
    public void APlaceThatIsNotThereIsSaid()
    {
        string path = Path.Combine(_directory, "missing", "image");
        Assert.Contains(path, Assert.Throws<LazyRestoreException>(() => CheckpointWriter.ToFile(path)).Message, StringComparison.Ordinal);
        Assert.Throws<LazyRestoreException>(() => CheckpointImage.OpenFile(path));
    }

    [Fact]
    public void AFullDiskIsSaidAndLeavesNothing()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mount needs root");
        Run("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", _directory);
        try
        {
            using (CheckpointWriter writer = CheckpointWriter.ToFile(Image))
            {
                SampleExtent large = SampleExtent.Of(
                    new ExtentAddress(0, Samples.Heap), ExtentCodec.None, 1, [.. Enumerable.Range(0, 100)]);
                LazyRestoreException e = Assert.Throws<LazyRestoreException>(
                    () => TestImage.Fill(writer, Damage.SmallRecords(), [large]));
                Assert.Equal(FailureReason.Failed, e.Reason);
                Assert.Contains(Image, e.Message, StringComparison.Ordinal);
            }

            Assert.Empty(Directory.GetFiles(_directory));
        }
        finally
        {
            Run("umount", _directory);
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
