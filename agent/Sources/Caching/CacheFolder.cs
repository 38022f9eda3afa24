using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>
/// A folder with pieces of images, for any number of processes at once. A file has its name from what it must contain, and whoever reads it verifies
/// that, so it does not matter who wrote it, how much of it, or who was killed meanwhile; two that write the same file write the same bytes.
/// </summary>
/// <remarks>
/// Every file is counted with its full length when it is created, before that it is made sure that there is room: those that were used longest ago go.
/// </remarks>
internal sealed class CacheFolder : IDisposable
{
    // A folder of our own within the one that was given: whatever else is there is not ours to delete.
    private const string Subfolder = "lazyrestore-1";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Files are looked at for their time of use, which need not be exact to the minute.
    private static readonly TimeSpan s_useResolution = TimeSpan.FromMinutes(1);
    private readonly string _folder;
    private readonly long _limit;
    private readonly SharedCounter _size;

    /// <summary>Opens a cache, and makes the folder when it is not there.</summary>
    /// <param name="parent">Where it is, or is to be.</param>
    /// <param name="limit">The most bytes of all files together.</param>
    /// <exception cref="LazyRestoreException">It cannot be used.</exception>
    internal CacheFolder(string parent, long limit)
    {
        string folder = _folder = Path.Combine(parent, Subfolder);
        _limit = limit;
        try
        {
            Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
            if (!PrivateFolder.Is(folder))
            {
                throw new LazyRestoreException(
                    FailureReason.Failed, $"others may write to the cache {folder}, or it is another user's", "Give a folder that is yours alone.");
            }

            _size = new SharedCounter(Path.Combine(folder, "size"), TakeStock);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"the cache {folder} cannot be used: {problem.Message}", "Give another folder, or none.", problem);
        }
    }

    /// <summary>Opens a file for reading; null when it is not there.</summary>
    internal FileStream? TryOpen(string name) => Ignoring(() =>
    {
        FileStream file = new(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (DateTime.UtcNow - File.GetLastAccessTimeUtc(file.SafeFileHandle) > s_useResolution)
        {
            File.SetLastAccessTimeUtc(file.SafeFileHandle, DateTime.UtcNow);
        }

        return file;
    });

    /// <summary>Opens a file for writing, and creates it when there is room for all of it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">How long it is as a whole.</param>
    /// <returns>Null when there is no room, or it cannot be written.</returns>
    internal FileStream? TryOpenToWrite(string name, long length) => Ignoring(() =>
    {
        string path = PathOf(name);
        return OpenExisting(path) ?? (TryReserve(length) ? Create(path, length) ?? OpenExisting(path) : null);
    });

    /// <summary>Writes a file as a whole; it stays away when there is no room or it cannot be written.</summary>
    internal void Replace(string name, ReadOnlySpan<byte> content)
    {
        string temporary = $"{name}.{Environment.ProcessId}-{Guid.NewGuid():n}";
        using (FileStream? file = TryOpenToWrite(temporary, content.Length))
        {
            if (file is null || !TryWrite(file, 0, content))
            {
                return;
            }
        }

        _ = Ignoring(() =>
        {
            long replaced = LengthOf(PathOf(name));
            File.Move(PathOf(temporary), PathOf(name), overwrite: true);
            _size.Add(-replaced);
            return "";
        });
    }

    /// <summary>Writes into a file of the cache.</summary>
    /// <returns>False when that cannot be done now.</returns>
    internal static bool TryWrite(FileStream file, long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, offset);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _size.Dispose();

    private static FileStream? OpenExisting(string path) =>
        File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0) : null;

    // Null when somebody else was quicker, who has counted it.
    private FileStream? Create(string path, long length)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            FileStream file = new(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                UnixCreateMode = Private,
            });
            RandomAccess.SetLength(file.SafeFileHandle, length);
            return file;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            _size.Add(-length);
            return null;
        }
    }

    private bool TryReserve(long length)
    {
        if (_size.Add(length) <= _limit)
        {
            return true;
        }

        _size.Add(-length);
        Trim(length);
        if (_size.Add(length) <= _limit)
        {
            return true;
        }

        _size.Add(-length);
        return false;
    }

    // One process at a time, the others go without.
    private void Trim(long room)
    {
        using FileStream? only = Ignoring(
            () => new FileStream(Path.Combine(_folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        if (only is null)
        {
            return;
        }

        // What others add meanwhile stays counted.
        long before = _size.Value;
        long left = TakeStock();
        long goal = Math.Min(_limit / 4 * 3, _limit - room);
        foreach (FileInfo file in Files().OrderBy(static file => file.LastAccessTimeUtc))
        {
            if (left <= goal)
            {
                break;
            }

            left -= file.Length;
            file.Delete();
        }

        _size.Add(left - before);
    }

    private long TakeStock() => Files().Sum(static file => file.Length);

    // Those that went away while they were looked at have no length.
    private IEnumerable<FileInfo> Files() =>
        new DirectoryInfo(_folder).EnumerateDirectories().SelectMany(static folder => folder.EnumerateFiles()).Where(static file => file.Exists);

    private string PathOf(string name) => Path.Combine(_folder, name[..2], name);

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true, Length: var length } ? length : 0;

    // A cache that does not work is a cache that has nothing.
    private static T? Ignoring<T>(Func<T?> work)
        where T : class
    {
        try
        {
            return work();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
