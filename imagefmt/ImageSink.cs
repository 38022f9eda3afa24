namespace LazyRestore.ImageFormat;

/// <summary>Where a writer's bytes go, one after another.</summary>
internal abstract class ImageSink : IDisposable
{
    /// <summary>Appends buffers.</summary>
    public abstract void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers);

    /// <summary>Makes what was written last and be seen; nothing is written afterwards.</summary>
    public abstract void Commit();

    /// <summary>Drops what was not committed.</summary>
    public abstract void Dispose();
}
