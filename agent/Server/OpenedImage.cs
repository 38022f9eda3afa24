using LazyRestore.Agent.Protocol;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Server;

/// <summary>An image that a server has opened, for all clients that have it.</summary>
/// <param name="image">The image; it is disposed with this.</param>
/// <param name="file">Its file when it was opened.</param>
internal sealed class OpenedImage(CheckpointImage image, FileInfo file) : IDisposable
{
    private readonly Lock _lock = new();
    private FileImageBytes? _advice;
    private DateTime _adviceWritten;

    /// <summary>The image.</summary>
    internal CheckpointImage Image => image;

    /// <summary>Whether a file is the one that was opened.</summary>
    internal bool Is(FileInfo now) => now.LastWriteTimeUtc == file.LastWriteTimeUtc && now.Length == file.Length;

    /// <summary>The recorded working set beside the image; null when there is none that can be read.</summary>
    internal FileImageBytes? Advice()
    {
        FileInfo now = new(WorkingSet.PathOf(file.FullName));
        if (!now.Exists || now.LinkTarget is not null || now.Length > PageProtocol.LongestAdvice)
        {
            return null;
        }

        lock (_lock)
        {
            if (_advice is null || _adviceWritten != now.LastWriteTimeUtc)
            {
                // Somebody may still read from the former one, which is closed when nobody has it any more.
                _advice = new FileImageBytes(now.FullName);
                _adviceWritten = now.LastWriteTimeUtc;
            }

            return _advice;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        image.Dispose();
        _advice?.Dispose();
    }
}
