using LazyRestore.Agent.Protocol;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>An image that is not a file here, whatever brings its bytes. It is asked by several tasks at once.</summary>
internal interface IRemoteImage : IDisposable
{
    /// <summary>Where it is, for people.</summary>
    string Name { get; }

    /// <summary>Whether it can be reached.</summary>
    SourceHealth Health { get; }

    /// <summary>Bytes of the image.</summary>
    long Length { get; }

    /// <summary>Bytes that may well be under way to here at once: with less, the way is not used up.</summary>
    long BytesUnderWay => 32 << 20;

    /// <summary>Whether <see cref="FetchAsync"/> returns as soon as it has asked, so that a thread that must not wait can call it.</summary>
    bool AsksAtOnce => false;

    /// <summary>The bytes from an offset on that are here already; empty when they have to be fetched.</summary>
    ReadOnlyMemory<byte> AtHand(long offset);

    /// <summary>Fetches so many bytes, all of which the image has. They have not been verified.</summary>
    Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length);

    /// <summary>Fetches the recording of what processes of the image touch first; empty when there is none, or it does not come in time.</summary>
    Task<ReadOnlyMemory<byte>> ReadAdviceAsync() => Task.FromResult(ReadOnlyMemory<byte>.Empty);

    /// <summary>Fetches pages, again and again while what fails can pass.</summary>
    /// <param name="query">Makes the question of an attempt: what is still missing.</param>
    /// <param name="sink">Takes the answers, and verifies them. There may be pages left that it lacks: it is asked again for these then.</param>
    /// <param name="isBulk">Whether nobody waits for it.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ImageFormat.ImageDamagedException">What came is not what was checkpointed.</exception>
    /// <exception cref="LazyRestoreException">It cannot be had.</exception>
    Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation);
}
