using System.Globalization;
using LazyRestore.Agent.Sources.Caching;

namespace LazyRestore.Agent.Tests.Sources.Caching;

public sealed class CacheFolderTests : IDisposable
{
    private const int FileLength = 100_000;
    private const long Limit = 1_000_000;
    private readonly string _parent = Directory.CreateTempSubdirectory("lazyrestore-cache-").FullName;

    [Fact]
    public void WhatWasUsedLongestAgoMakesRoom()
    {
        using CacheFolder folder = new(_parent, Limit);
        for (int number = 0; number < 40; number++)
        {
            Write(folder, number);
            Age(number, days: 100 - number);
            if (number == 0)
            {
                continue;
            }

            // The first is read again and again.
            folder.TryOpen(Name(0))?.Dispose();
            Assert.InRange(Stored(), 0, Limit);
        }

        Assert.NotNull(folder.TryOpen(Name(39)));
        Assert.NotNull(folder.TryOpen(Name(0)));
        Assert.Null(folder.TryOpen(Name(1)));
    }

    [Fact]
    public void TheBoundHoldsForSeveralAtOnce()
    {
        Parallel.For(0, 4, process =>
        {
            using CacheFolder folder = new(_parent, Limit);
            for (int number = 0; number < 30; number++)
            {
                Write(folder, (process % 2 * 1000) + number);
            }
        });
        Assert.InRange(Stored(), 1, Limit);
    }

    [Fact]
    public void WhoeverIsSecondToCreateAFileWritesToItAsWell()
    {
        int refused = 0;
        for (int number = 0; number < 200; number++)
        {
            Parallel.For(0, 4, _ =>
            {
                using CacheFolder folder = new(_parent, long.MaxValue);
                using FileStream? file = folder.TryOpenToWrite(Name(number), 1);
                _ = file is null ? Interlocked.Increment(ref refused) : 0;
            });
        }

        Assert.Equal(0, refused);
        Assert.Equal(200, Stored());
        using SharedCounter size = new(Path.Combine(_parent, "lazyrestore-1", "size"), static () => 0);
        Assert.Equal(200, size.Value);
    }

    [Fact]
    public void AFileThatIsLargerThanTheCacheStaysAway()
    {
        using CacheFolder folder = new(_parent, Limit);
        Assert.Null(folder.TryOpenToWrite(Name(1), Limit + 1));
        Write(folder, 2);
        Assert.Equal(FileLength, Stored());
    }

    [Fact]
    public void AWrongCountIsPutRight()
    {
        using CacheFolder folder = new(_parent, Limit);

        // Somebody was killed between counting and creating.
        using (SharedCounter counter = new(Path.Combine(_parent, "lazyrestore-1", "size"), static () => 0))
        {
            counter.Add(10 * Limit);
        }

        Write(folder, 1);
        Assert.Equal(FileLength, Stored());
        using SharedCounter after = new(Path.Combine(_parent, "lazyrestore-1", "size"), static () => 0);
        Assert.Equal(FileLength, after.Value);
    }

    [Fact]
    public void WhatElseIsInTheFolderIsLeftAlone()
    {
        string other = Path.Combine(Directory.CreateDirectory(Path.Combine(_parent, "aa")).FullName, "letter");
        File.WriteAllBytes(other, new byte[FileLength]);
        using CacheFolder folder = new(_parent, FileLength);
        Write(folder, 1);
        Write(folder, 2);
        Assert.True(File.Exists(other));
    }

    [Fact]
    public void AFolderThatOthersMayWriteToIsRefused()
    {
        const UnixFileMode Everybody = (UnixFileMode)0x1FF;
        string folder = Directory.CreateDirectory(Path.Combine(_parent, "lazyrestore-1")).FullName;
        File.SetUnixFileMode(folder, Everybody);
        Assert.Contains("others may write", Assert.Throws<LazyRestoreException>(() => new CacheFolder(_parent, Limit)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private static string Name(int number) => number.ToString("x32", CultureInfo.InvariantCulture);

    private static void Write(CacheFolder folder, int number)
    {
        using FileStream? file = folder.TryOpenToWrite(Name(number), FileLength);
        if (file is not null)
        {
            Assert.True(CacheFolder.TryWrite(file, 0, new byte[FileLength]));
        }
    }

    private void Age(int number, int days) =>
        File.SetLastAccessTimeUtc(Path.Combine(_parent, "lazyrestore-1", "00", Name(number)), DateTime.UtcNow.AddDays(-days));

    private long Stored() => Directory.EnumerateDirectories(Path.Combine(_parent, "lazyrestore-1"))
        .SelectMany(Directory.EnumerateFiles).Sum(static file => new FileInfo(file) is { Exists: true, Length: var length } ? length : 0);
}
