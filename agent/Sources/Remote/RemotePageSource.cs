using LazyRestore.ImageFormat;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// Pages of an image elsewhere. The agent thread asks, and is told at once whether a page is here; tasks of the thread pool fetch and verify, and announce
/// what has arrived on an eventfd. Memory is bounded by the number of buffers, 2 MiB each.
/// </summary>
internal sealed class RemotePageSource : IAwaitedPageSource
{
    private const int Buffers = 48;

    private readonly IRemoteImage _remote;
    private readonly RemoteExtents _extents;
    private readonly ExtentBuffer?[] _buffers = new ExtentBuffer?[Buffers];
    private readonly Dictionary<int, ExtentBuffer> _byExtent = [];
    private readonly CancellationTokenSource _end = new();
    private readonly CountdownEvent _running = new(1);
    private readonly bool[] _failed;
    private LazyRestoreException? _problem;
    private int _isAnnounced;
    private long _uses;
    private long _announcements;

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
        Announcements = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (Announcements < 0)
        {
            throw new NativeException("eventfd", errno, "of the page source");
        }
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
    public int Announcements { get; }

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
        if (Find(extent) is { } buffer)
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
        if (Find(extent) is not { } buffer || buffer.ArrivedFrom(page, count) < count)
        {
            return FetchOutcome.Awaited;
        }

        new ReadOnlySpan<byte>(buffer.Page(page), count * ImageLayout.PageSize).CopyTo(new Span<byte>(destination, count * ImageLayout.PageSize));
        return FetchOutcome.Ready;
    }

    /// <inheritdoc/>
    public FetchOutcome Whole(int extent) => Find(extent) switch
    {
        _ when Volatile.Read(ref _failed[extent]) => FetchOutcome.Damaged,
        null => FetchOutcome.Awaited,
        { HasFailures: true } => FetchOutcome.Damaged,
        var buffer => buffer.ArrivedFrom(0, ImageLayout.PagesPerExtent) == ImageLayout.PagesPerExtent ? FetchOutcome.Ready : FetchOutcome.Awaited,
    };

    /// <inheritdoc/>
    public FetchOutcome AskAhead(int extent, int page, int end)
    {
        if (Volatile.Read(ref _failed[extent]))
        {
            return FetchOutcome.Damaged;
        }

        if (_extents.Header(extent) is { } header && Find(extent) is { } buffer)
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

        return Ask(extent, page, end, isBulk: true);
    }

    /// <inheritdoc/>
    public unsafe bool TakeAnnouncement()
    {
        if (Volatile.Read(ref _isAnnounced) == 0)
        {
            return false;
        }

        ulong count;
        _ = read(Announcements, &count, sizeof(ulong));
        Volatile.Write(ref _isAnnounced, 0);
        Interlocked.MemoryBarrier();
        _ = Interlocked.Increment(ref _announcements);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _ = _running.Signal();
        _running.Wait();

        // Answers to what was asked elsewhere as well are given up a moment later.
        SpinWait.SpinUntil(() => Array.TrueForAll(_buffers, static buffer => buffer is null or { InFlight: 0 }));
        foreach (ExtentBuffer? buffer in _buffers)
        {
            buffer?.Dispose();
        }

        _ = close(Announcements);
        _running.Dispose();
    }

    private ExtentBuffer? Find(int extent)
    {
        if (!_byExtent.TryGetValue(extent, out ExtentBuffer? buffer))
        {
            return null;
        }

        buffer.LastUse = ++_uses;
        return buffer;
    }

    // Asks for pages that nobody has asked for in this lane, if there is a buffer for them.
    private FetchOutcome Ask(int extent, int page, int end, bool isBulk)
    {
        if ((Find(extent) ?? TryTake(extent)) is not { } buffer)
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

        PageAnswer answer = new(_extents, buffer, first, end);
        _extents.Meter.AddRequest();
        _running.AddCount();
        _ = Task.Run(() => FetchAsync(buffer, answer, isBulk));
        return FetchOutcome.Awaited;
    }

    private static bool Contains(ulong[] bits, int page) => (bits[page >> 6] >> (page & 63) & 1) != 0;

    // What arrived since the agent thread looked last is not given up before it had an opportunity to use it.
    private ExtentBuffer? TryTake(int extent)
    {
        ExtentBuffer? oldest = null;
        ExtentBuffer? oldestOfAll = null;
        bool anyInFlight = false;
        for (int place = 0; place < Buffers; place++)
        {
            if (_buffers[place] is not { } buffer)
            {
                oldest = oldestOfAll = _buffers[place] = new ExtentBuffer();
                break;
            }

            if (buffer.InFlight > 0)
            {
                anyInFlight = true;
                continue;
            }

            oldestOfAll = oldestOfAll is null || buffer.LastUse < oldestOfAll.LastUse ? buffer : oldestOfAll;
            if (Volatile.Read(ref _announcements) - buffer.LastArrival > 1)
            {
                oldest = oldest is null || buffer.LastUse < oldest.LastUse ? buffer : oldest;
            }
        }

        ExtentBuffer? taken = oldest ?? (anyInFlight ? null : oldestOfAll);
        if (taken is not null)
        {
            _ = _byExtent.Remove(taken.Extent);
            taken.Reset(extent);
            taken.LastUse = ++_uses;
            _byExtent[extent] = taken;
        }

        return taken;
    }

    private async Task FetchAsync(ExtentBuffer buffer, PageAnswer answer, bool isBulk)
    {
        int extent = buffer.Extent;
        try
        {
            while (!answer.IsComplete)
            {
                try
                {
                    await _remote.FetchAsync(answer.Query, answer, isBulk, _end.Token).ConfigureAwait(false);
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
            buffer.LastArrival = Interlocked.Read(ref _announcements);
            answer.Dispose();
            Announce();
            _ = _running.Signal();
        }
    }

    private unsafe void Announce()
    {
        if (Interlocked.Exchange(ref _isAnnounced, 1) == 0)
        {
            ulong one = 1;
            _ = write(Announcements, &one, sizeof(ulong));
        }
    }
}
