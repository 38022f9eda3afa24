using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>An answer of a store: a range of an object, to be read from a stream.</summary>
/// <param name="version">Which object it belongs to.</param>
/// <param name="range">The bytes that the answer says it has.</param>
/// <param name="body">The bytes; there may be fewer of them.</param>
/// <param name="owner">What is to be disposed with the piece.</param>
internal sealed class ObjectPiece(ObjectVersion version, ByteRange range, Stream body, IDisposable owner) : IDisposable
{
    /// <summary>Which object it belongs to.</summary>
    internal ObjectVersion Version => version;

    /// <summary>The bytes that the answer says it has.</summary>
    internal ByteRange Range => range;

    /// <summary>The bytes; there may be fewer of them.</summary>
    internal Stream Body => body;

    /// <inheritdoc/>
    public void Dispose() => owner.Dispose();
}
