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
    private const int MostRecent = 16;
    private readonly Queue<(long Offset, Task<byte[]> Record)> _recent = new(MostRecent);
    private ExtentEntry[] _byOffset = [];
    private CheckpointImage? _image;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public SourceHealth Health => inner.Health;

    /// <inheritdoc/>
    public long BytesUnderWay => inner.BytesUnderWay;

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
        byte[] bytes = new byte[length];
        List<Task> copies = [];
        for (int done = 0, count = 0; done < length; done += count)
        {
            if (AtHand(offset + done) is { IsEmpty: false } atHand)
            {
                count = Math.Min(length - done, atHand.Length);
                atHand[..count].CopyTo(bytes.AsMemory(done));
                continue;
            }

            int place = FirstEndingAfter(offset + done);
            bool isInExtent = place < _byOffset.Length && _byOffset[place].RecordOffset <= offset + done;
            long end = isInExtent ? _byOffset[place].EndOffset : place < _byOffset.Length ? _byOffset[place].RecordOffset : Length;
            count = (int)Math.Min(length - done, end - offset - done);
            Memory<byte> destination = bytes.AsMemory(done, count);
            copies.Add(isInExtent ? CopyAsync(_byOffset[place], offset + done, destination) : FetchAsync(offset + done, destination));
        }

        await Task.WhenAll(copies).ConfigureAwait(false);
        return bytes;
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

    // The place of the first extent that ends behind an offset; behind the last when there is none.
    private int FirstEndingAfter(long offset)
    {
        int low = 0;
        int high = _byOffset.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _byOffset[middle].EndOffset <= offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private async Task FetchAsync(long offset, Memory<byte> destination) =>
        (await inner.ReadAsync(offset, destination.Length).ConfigureAwait(false)).CopyTo(destination);

    private async Task CopyAsync(ExtentEntry entry, long offset, Memory<byte> destination)
    {
        byte[] record = await RecentAsync(entry).ConfigureAwait(false);
        record.AsMemory((int)(offset - entry.RecordOffset), destination.Length).CopyTo(destination);
    }

    // Who reads a part of an extent mostly reads the rest next.
    private Task<byte[]> RecentAsync(ExtentEntry entry)
    {
        lock (_recent)
        {
            if (_recent.FirstOrDefault(recent => recent.Offset == entry.RecordOffset && !recent.Record.IsFaulted).Record is { } known)
            {
                return known;
            }

            while (_recent.Count >= MostRecent)
            {
                _ = _recent.Dequeue();
            }

            Task<byte[]> record = Task.Run(() => RecordAsync(_image!, entry));
            _recent.Enqueue((entry.RecordOffset, record));
            return record;
        }
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
            await FetchAsync(entry.RecordOffset, record).ConfigureAwait(false);
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
