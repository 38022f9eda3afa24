namespace LazyRestore.ImageFormat.Tests;

/// <summary>Files that are written around the page cache.</summary>
public sealed class DirectWritesTests : IDisposable
{
    // Beside the tests, on a disk: a temporary directory may be in memory, where there is nothing but the page cache.
    private readonly string _directory = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, Path.GetRandomFileName())).FullName;

    private string File => Path.Combine(_directory, "file");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData((4 << 20) - 1)]
    [InlineData(4 << 20)]
    [InlineData((9 << 20) + 17)]
    public void WhatWasAppendedIsThereAndNoMore(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        using (var handle = FileSink.CreateExclusively(File))
        {
            DirectWrites writes = new(handle);
            for (int at = 0, step = 1; at < length; at += step, step = Math.Min(step * 7, length - at))
            {
                writes.Append(bytes.AsSpan(at, Math.Min(step, length - at)));
            }

            writes.Finish();
        }

        Assert.Equal(bytes, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void ThePageCacheStaysAsItWas()
    {
        using var handle = FileSink.CreateExclusively(File);
        DirectWrites writes = new(handle);
        writes.Append(new byte[(8 << 20) + 5]);
        writes.Finish();

        // Cutting the file to its length may leave its last page there.
        Assert.InRange(ResidentPages(RandomAccess.GetLength(handle)), 0, 1);
    }

    [Fact]
    public void AFileSystemWithoutItIsNamed()
    {
        using TemporaryFileSystem disk = TemporaryFileSystem.MountOrSkip(_directory, "ramfs", "mode=700");
        var refused = Assert.Throws<LazyRestoreException>(() => CheckpointWriter.ToFile(File, FileCaching.Direct));
        Assert.Contains("direct writes", refused.Message, StringComparison.Ordinal);
        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>How many of the file's pages are in the page cache, by mincore(2).</summary>
    private unsafe long ResidentPages(long length)
    {
        using var map = System.IO.MemoryMappedFiles.MemoryMappedFile.CreateFromFile(File, FileMode.Open);
        using var view = map.CreateViewAccessor(0, length);
        byte[] resident = new byte[(length + 4095) / 4096];
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Assert.Equal(0, Interop.mincore((nint)start, (nuint)length, resident));
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        return resident.Count(page => (page & 1) != 0);
    }
}
