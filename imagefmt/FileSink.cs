using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.ImageFormat;

/// <summary>
/// Writes a file that exists under its name only when it is whole and on disk: a temporary file beside it, readable by its
/// owner alone from the moment of its creation, is synced and then renamed.
/// </summary>
internal sealed class FileSink : ImageSink
{
    private readonly string _path;
    private readonly string _directory;
    private readonly string _temporary;
    private readonly SafeFileHandle _file;

    /// <summary>How it is written around the page cache; null when it goes through that.</summary>
    private readonly DirectWrites? _direct;
    private long _position;
    private bool _committed;

    /// <summary>Creates the temporary file.</summary>
    public FileSink(string path, FileCaching caching = FileCaching.Cached)
    {
        _path = Path.GetFullPath(path);
        _directory = Path.GetDirectoryName(_path) ?? throw Failed(new IOException("this is a directory"));
        string unique = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        _temporary = Path.Combine(_directory, $".{Path.GetFileName(_path)}.{unique}.partial");
        _file = Guard(() => CreateExclusively(_temporary));
        if (caching == FileCaching.Direct)
        {
            try
            {
                _direct = Guard(() => new DirectWrites(_file));
            }
            catch
            {
                Dispose();
                throw;
            }
        }
    }

    /// <summary>Creates a file that nobody else can read; fails when the name is taken (O_EXCL).</summary>
    public static SafeFileHandle CreateExclusively(string path)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        return new FileStream(path, options).SafeFileHandle;
    }

    /// <inheritdoc/>
    public override void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        try
        {
            Append(buffers);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        Guard(() =>
        {
            _direct?.Finish();
            RandomAccess.FlushToDisk(_file);
            File.Move(_temporary, _path, overwrite: true);
            _committed = true;
            SyncDirectory();
            return true;
        });
        _file.Dispose();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _file.Dispose();
        if (!_committed)
        {
            File.Delete(_temporary);
        }
    }

    private void Append(IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        if (_direct is null)
        {
            RandomAccess.Write(_file, buffers, _position);
        }

        foreach (ReadOnlyMemory<byte> buffer in buffers)
        {
            _direct?.Append(buffer.Span);
            _position += buffer.Length;
        }
    }

    /// <summary>Brings the new name to disk; without it a power failure could take back the rename.</summary>
    private void SyncDirectory()
    {
        using SafeFileHandle directory = Interop.open(_directory, Interop.O_RDONLY | Interop.O_DIRECTORY | Interop.O_CLOEXEC);
        if (directory.IsInvalid)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        RandomAccess.FlushToDisk(directory);
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    private LazyRestoreException Failed(Exception e) =>
        new(FailureReason.Failed, $"the image {_path} cannot be written: {e.Message}", "Free space or choose another place.", e);
}
