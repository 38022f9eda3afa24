using LazyRestore.Agent.Protocol;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>An image elsewhere, of which everything that was fetched and verified is kept in a cache, and is not fetched again.</summary>
/// <param name="inner">Where the image is; owned.</param>
/// <param name="folder">The cache; owned.</param>
/// <param name="manifest">What is known of the image; null to ask for it.</param>
internal sealed class CachedImage(IRemoteImage inner, CacheFolder folder, CachedManifest? manifest) : IRemoteImage
{
    private const int MostAttempts = 3;
    private ExtentEntry[] _byOffset = [];
    private CheckpointImage? _image;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public SourceHealth Health => inner.Health;

    /// <inheritdoc/>
    public long Length => manifest?.Length ?? inner.Length;

    /// <summary>Tells where the extents are, as soon as that is known.</summary>
    internal void Describe(CheckpointImage image)
    {
        _image = image;
        _byOffset = [.. image.Index.Entries.OrderBy(static entry => entry.RecordOffset)];
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AtHand(long offset) =>
        IsOfAnExtent(offset) ? default
        : manifest is null ? inner.AtHand(offset)
        : offset < manifest.Front.Length ? manifest.Front[(int)offset..]
        : offset >= Length - manifest.Back.Length ? manifest.Back[(int)(offset - (Length - manifest.Back.Length))..]
        : default;

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length)
    {
        if (_image is null || Find(offset) is not { } entry)
        {
            return await inner.ReadAsync(offset, length).ConfigureAwait(false);
        }

        byte[] record = await RecordAsync(_image, entry).ConfigureAwait(false);
        int start = (int)(offset - entry.RecordOffset);
        return record.AsMemory(start, Math.Min(length, record.Length - start));
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> ReadAdviceAsync() => inner.ReadAdviceAsync();

    /// <inheritdoc/>
    public async Task FetchAsync(Func<PagesQuery> query, PageAnswer sink, bool isBulk, CancellationToken cancellation)
    {
        PagesQuery wanted = query();
        using CachedExtent cached = new(folder, sink.Entry);
        sink.Begin(wanted);
        cached.Serve(new ExtentPart(sink, wanted, isBulk));
        if (!sink.IsComplete)
        {
            sink.Verified = cached.Keep;
            try
            {
                await inner.FetchAsync(query, sink, isBulk, cancellation).ConfigureAwait(false);
            }
            finally
            {
                sink.Verified = null;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inner.Dispose();
        folder.Dispose();
    }

    // Whatever else has them, they are to be kept.
    private bool IsOfAnExtent(long offset) => _image is not null && offset >= _image.ExtentsStart && offset < _image.ExtentsEnd;

    private ExtentEntry? Find(long offset)
    {
        int low = 0;
        int high = _byOffset.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _byOffset[middle].EndOffset <= offset ? (middle + 1, high) : (low, middle);
        }

        return low < _byOffset.Length && _byOffset[low].RecordOffset <= offset ? _byOffset[low] : null;
    }

    private async Task<byte[]> RecordAsync(CheckpointImage image, ExtentEntry entry)
    {
        using CachedExtent cached = new(folder, entry);
        if (cached.TryRead(image) is { } kept)
        {
            return kept;
        }

        byte[] record = new byte[entry.EndOffset - entry.RecordOffset];
        bool isIntact = false;
        for (int attempt = 0; attempt < MostAttempts && !isIntact; attempt++)
        {
            for (int done = 0; done < record.Length;)
            {
                ReadOnlyMemory<byte> piece = await inner.ReadAsync(entry.RecordOffset + done, record.Length - done).ConfigureAwait(false);
                piece.CopyTo(record.AsMemory(done));
                done += piece.Length;
            }

            isIntact = CachedExtent.IsIntact(image, entry, record);
        }

        // What is damaged is reported by whoever asked for it.
        if (isIntact)
        {
            cached.Keep(0, record);
        }

        return record;
    }
}
