namespace LazyRestore.ImageFormat.Tests;

public sealed class FileWritingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("imagefmt").FullName;

    private string Image => Path.Combine(_directory, "image");

    [Theory]
    [InlineData(FileCaching.Cached)]
    [InlineData(FileCaching.Direct)]
    public void TheFileAppearsWholeAndPrivate(FileCaching caching)
    {
        using (CheckpointWriter writer = CheckpointWriter.ToFile(Image, caching))
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

    [Theory]
    [InlineData(FileCaching.Cached)]
    [InlineData(FileCaching.Direct)]
    public void AFullDiskIsSaidAtAnyPointAndLeavesNothing(FileCaching caching)
    {
        using TemporaryFileSystem disk = TemporaryFileSystem.MountOrSkip(_directory);
        int failures = 0;
        for (int pages = 1; !TryWrite(caching); pages++, failures++)
        {
            Assert.Empty(Directory.GetFiles(_directory));
            disk.Resize(pages);
        }

        using CheckpointImage image = CheckpointImage.OpenFile(Image);
        Assert.True(image.Verify().IsIntact);
        Assert.InRange(failures, image.Bytes.Length / ImageLayout.PageSize, image.Bytes.Length / ImageLayout.PageSize * 2);
    }

    [Fact]
    public void NobodyElseReadsItWhateverTheUmask()
    {
        uint mask = Interop.umask(0);
        try
        {
            using CheckpointWriter writer = CheckpointWriter.ToFile(Image);
            string temporary = Assert.Single(Directory.GetFiles(_directory));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(temporary));
            TestImage.Fill(writer, Damage.SmallRecords(), []);
            writer.Commit();
        }
        finally
        {
            Interop.umask(mask);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Image));
    }

    [Fact]
    public void WritersOfOneTargetDoNotMeet()
    {
        using CheckpointWriter first = CheckpointWriter.ToFile(Image);
        using CheckpointWriter second = CheckpointWriter.ToFile(Image);
        TestImage.Fill(first, Samples.All, []);
        TestImage.Fill(second, Samples.All, SampleExtent.Some(ExtentCodec.Zstd));
        first.Commit();
        second.Commit();
        using CheckpointImage image = CheckpointImage.OpenFile(Image);
        Assert.Equal(SampleExtent.Some(ExtentCodec.Zstd).Count, image.Index.Entries.Count);
    }

    [Fact]
    public void ATargetThatIsADirectoryStays()
    {
        Directory.CreateDirectory(Image);
        using (CheckpointWriter writer = CheckpointWriter.ToFile(Image))
        {
            TestImage.Fill(writer, Samples.All, []);
            Assert.Throws<LazyRestoreException>(writer.Commit);
        }

        Assert.Equal(Image, Assert.Single(Directory.GetFileSystemEntries(_directory)));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Writes an image; false when there was no room for it.</summary>
    private bool TryWrite(FileCaching caching)
    {
        using CheckpointWriter writer = CheckpointWriter.ToFile(Image, caching);
        try
        {
            TestImage.Fill(writer, Samples.All, SampleExtent.Some(ExtentCodec.None));
            writer.Commit();
            return true;
        }
        catch (LazyRestoreException e)
        {
            Assert.Equal(FailureReason.Failed, e.Reason);
            Assert.Contains(Image, e.Message, StringComparison.Ordinal);
            return false;
        }
    }
}
