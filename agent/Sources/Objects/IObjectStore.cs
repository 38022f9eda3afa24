using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources.Objects;

/// <summary>One object, in whatever store, read by ranges. It is asked by several tasks at once.</summary>
internal interface IObjectStore : IDisposable
{
    /// <summary>What the object is called in messages, without secrets.</summary>
    string Name { get; }

    /// <summary>Asks once for a range. A range that ends behind the object is answered up to there.</summary>
    /// <param name="range">Which bytes.</param>
    /// <param name="version">Which object it has to belong to; null for whatever is there.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ObjectUnavailableException">The store says that it cannot be had.</exception>
    /// <exception cref="ImageReplacedException">There is another object now.</exception>
    /// <exception cref="IOException">The store cannot be reached, or answers something else.</exception>
    Task<ObjectPiece> GetAsync(ByteRange range, ObjectVersion? version, CancellationToken cancellation);
}
