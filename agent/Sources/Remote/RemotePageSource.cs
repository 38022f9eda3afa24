using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// Pages of an image elsewhere. The agent thread asks, and is told at once whether a page is here; tasks of the thread pool fetch and verify, and announce
/// what has arrived on an eventfd. Memory is bounded by the number of buffers, 2 MiB each.
/// </summary>
internal sealed class RemotePageSource : IAwaitedPageSource
{
    private readonly IRemoteImage _remote;
    private readonly RemoteExtents _extents;
    private readonly ArrivalSignal _signal = new();
    private readonly ExtentBuffers _buffers;
    private readonly CancellationTokenSource _end = new();
    private readonly CountdownEvent _running = new(1);
    private readonly bool[] _failed;
    private LazyRestoreException? _problem;

    /// <summary>Creates the source of an image.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <param name="remote">Where it is.</param>
    /// <param name="space">The space of the process whose pages it gives.</param>
    internal RemotePageSource(CheckpointImage image, IRemoteImage remote, int space)
    {
        _remote = remote;
        ArraySegment<ExtentEntry> entries = image.Index.InSpace(space);
        Catalog = new ExtentCatalog(
            [.. entries.Select(entry => entry.Address.Address)], [.. entries.Select(entry => (ushort)entry.PresentPages)]);
        _extents = new RemoteExtents(image, entries.Offset, entries.Count);
        _failed = new bool[entries.Count];
        _buffers = new ExtentBuffers(_signal);
    }

    /// <inheritdoc/>
    public ExtentCatalog Catalog { get; }

    /// <inheritdoc/>
    public LazyRestoreException? Problem => Volatile.Read(ref _problem);

    /// <inheritdoc/>
    public SourceTraffic Traffic => _extents.Meter.TrafficOf(Name);

    /// <inheritdoc/>
    public SourceHealth Health => _remote.Health;

    /// <inheritdoc/>
    public string Name => _remote.Name;

    /// <inheritdoc/>
    public int Announcements => _signal.Descriptor;

    // One that is being taken and one that is awaited, beside what is under way.
    /// <inheritdoc/>
    public int ExtentsAhead => (int)Math.Clamp((_remote.BytesUnderWay / ImageLayout.ExtentSpan) + 2, 3, ExtentBuffers.Count / 3);

    /// <inheritdoc/>
    public FetchOutcome Open(int extent, out ReadOnlySpan<ulong> presence)
    {
        if (_extents.Header(extent) is not null)
        {
            presence = _extents.Presence(extent);
            return FetchOutcome.Ready;
        }

        presence = default;
        return Volatile.Read(ref _failed[extent]) ? FetchOutcome.Damaged : Ask(extent, 0, 0, isBulk: false);
    }

    /// <inheritdoc/>
    public FetchOutcome OpenFor(int extent, int page, int count) =>
        _extents.Header(extent) is not null ? FetchOutcome.Ready
        : Volatile.Read(ref _failed[extent]) ? FetchOutcome.Damaged
        : Ask(extent, page, Math.Min(page + count, ImageLayout.PagesPerExtent), isBulk: false);

    /// <inheritdoc/>
    public unsafe FetchOutcome Fetch(int extent, int page, int count, out FetchedPages fetched)
    {
        fetched = default;
        if (_extents.Header(extent) is not { } header)
        {
            return OpenFor(extent, page, count);
        }

        int ordinal = header.Presence.Rank(page);
        if (_buffers.Find(extent) is { } buffer)
        {
            if (buffer.HasArrived(ordinal))
            {
                fetched = new FetchedPages((nint)buffer.Page(ordinal), buffer.ArrivedFrom(ordinal, count));
                return FetchOutcome.Ready;
            }

            if (buffer.HasFailed(ordinal) || Volatile.Read(ref _failed[extent]))
            {
                return FetchOutcome.Damaged;
            }
        }

        return Ask(extent, page, page + count, isBulk: false);
    }

    /// <inheritdoc/>
    public unsafe FetchOutcome FetchInto(int extent, int page, int count, byte* destination)
    {
        if (_buffers.Find(extent) is not { } buffer || buffer.ArrivedFrom(page, count) < count)
        {
            return FetchOutcome.Awaited;
        }

        new ReadOnlySpan<byte>(buffer.Page(page), count * ImageLayout.PageSize).CopyTo(new Span<byte>(destination, count * ImageLayout.PageSize));
        return FetchOutcome.Ready;
    }

    /// <inheritdoc/>
    public FetchOutcome Whole(int extent) => _buffers.Find(extent) switch
    {
        _ when Volatile.Read(ref _failed[extent]) => FetchOutcome.Damaged,
        null => FetchOutcome.Awaited,
        { HasFailures: true } => FetchOutcome.Damaged,
        var buffer => buffer.ArrivedFrom(0, ImageLayout.PagesPerExtent) == ImageLayout.PagesPerExtent ? FetchOutcome.Ready : FetchOutcome.Awaited,
    };

    /// <inheritdoc/>
    public FetchOutcome AskAhead(int extent, int page, int end) =>
        Look(extent, ref page, end) is var outcome and not FetchOutcome.Awaited ? outcome : Ask(extent, page, end, isBulk: true);

    /// <inheritdoc/>
    public FetchOutcome Look(int extent, int page, int end) => Look(extent, ref page, end);

    /// <inheritdoc/>
    public bool TakeAnnouncement() => _signal.Take();

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _ = _running.Signal();
        _running.Wait();

        _buffers.Dispose();
        _signal.Dispose();
        _running.Dispose();
    }

    // Comes to the first page that is stored.
    private FetchOutcome Look(int extent, ref int page, int end)
    {
        if (Volatile.Read(ref _failed[extent]))
        {
            return FetchOutcome.Damaged;
        }

        if (_extents.Header(extent) is { } header && _buffers.Find(extent) is { } buffer)
        {
            while (page < end && !header.Presence[page])
            {
                page++;
            }

            if (page == end || buffer.HasArrived(header.Presence.Rank(page)))
            {
                return FetchOutcome.Ready;
            }

            if (buffer.HasFailed(header.Presence.Rank(page)))
            {
                return FetchOutcome.Damaged;
            }
        }

        return FetchOutcome.Awaited;
    }

    // Asks for pages that nobody has asked for in this lane, if there is a buffer for them.
    private FetchOutcome Ask(int extent, int page, int end, bool isBulk)
    {
        if ((_buffers.Find(extent) ?? _buffers.TryTake(extent)) is not { } buffer)
        {
            return FetchOutcome.Awaited;
        }

        ulong[] asked = isBulk ? buffer.Ahead : buffer.Demanded;
        int first = page;
        while (first < end && Contains(asked, first))
        {
            first++;
        }

        // A head alone is asked for with the first page, whether that is stored or not.
        if (first == end && !(page == end && buffer.InFlight == 0))
        {
            return FetchOutcome.Awaited;
        }

        for (int marked = first; marked < end; marked++)
        {
            asked[marked >> 6] |= 1UL << (marked & 63);
        }

        Demand? demand = isBulk ? null : new Demand(_signal, buffer);
        PageAnswer answer = new(_extents, buffer, first, end, demand is null ? null : demand.Tell);
        _extents.Meter.AddRequest();
        _running.AddCount();
        _ = demand is not null && _remote.AsksAtOnce ? FetchAsync(buffer, answer, demand) : Task.Run(() => FetchAsync(buffer, answer, demand));
        return FetchOutcome.Awaited;
    }

    private static bool Contains(ulong[] bits, int page) => (bits[page >> 6] >> (page & 63) & 1) != 0;

    private async Task FetchAsync(ExtentBuffer buffer, PageAnswer answer, Demand? demand)
    {
        int extent = buffer.Extent;
        try
        {
            while (!answer.IsComplete)
            {
                try
                {
                    await _remote.FetchAsync(answer.Query, answer, isBulk: demand is null, _end.Token).ConfigureAwait(false);
                }
                catch (ImageDamagedException problem)
                {
                    Volatile.Write(ref _problem, problem);
                    if (!answer.GoOnAfterDamage())
                    {
                        throw;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
        catch (Exception problem)
        {
            Volatile.Write(ref _problem, problem as LazyRestoreException ?? new LazyRestoreException(
                FailureReason.SourceUnreachable, $"pages cannot be fetched: {problem.Message}", innerException: problem));
            Volatile.Write(ref _failed[extent], true);
        }
        finally
        {
            buffer.LastArrival = _signal.Taken;
            answer.Dispose();
            if (_buffers.Release() || demand is not { IsTold: true })
            {
                _signal.Announce();
            }

            _ = _running.Signal();
        }
    }

    // What somebody waits for is announced when it comes, not only when its request has ended.
    private sealed class Demand(ArrivalSignal signal, ExtentBuffer buffer)
    {
        private volatile bool _isTold;

        internal bool IsTold => _isTold;

        internal void Tell()
        {
            buffer.LastArrival = signal.Taken;
            _isTold = true;
            signal.Announce();
        }
    }
}
