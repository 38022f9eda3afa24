using Microsoft.Win32.SafeHandles;

namespace LazyRestore.ImageFormat;

/// <summary>The bytes of an image file.</summary>
public sealed class FileImageBytes : IImageBytes
{
    private readonly string _name;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="LazyRestoreException">The file cannot be opened.</exception>
    public FileImageBytes(string path)
    {
        _name = path;
        try
        {
            Handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
            Length = RandomAccess.GetLength(Handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Handle?.Dispose();
            throw new LazyRestoreException(
                FailureReason.Failed, $"the image {path} cannot be opened: {e.Message}", "Check the path and its permissions.", e);
        }
    }

    /// <summary>Takes over an open file, which may no longer have a name.</summary>
    /// <param name="handle">The file; it is closed with this object.</param>
    /// <param name="name">What to call it in errors.</param>
    public FileImageBytes(SafeFileHandle handle, string name)
    {
        _name = name;
        Handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    /// <summary>The open file, for those who map it or hand it on; it is closed with this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(Handle, destination, offset);
                if (read == 0)
                {
                    throw new EndOfStreamException($"{_name} ends at offset {offset}");
                }

                offset += read;
                destination = destination[read..];
            }
        }
        catch (Exception e) when (e is IOException and not EndOfStreamException or UnauthorizedAccessException)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"the image {_name} cannot be read at offset {offset}: {e.Message}", innerException: e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
