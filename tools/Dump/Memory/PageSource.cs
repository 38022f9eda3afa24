using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Where pages are read from.</summary>
public abstract class PageSource : IDisposable
{
    /// <summary>Reads runs of pages one after the other into a buffer that they fill.</summary>
    /// <param name="address">The address of the extent that the runs are in.</param>
    /// <param name="pages">Which of its pages.</param>
    /// <param name="destination">Memory that does not move, as long as the pages are.</param>
    public abstract void Read(ulong address, in PagePresence pages, Span<byte> destination);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}
