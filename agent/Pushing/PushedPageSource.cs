using System.Collections.Concurrent;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Pushing;

/// <summary>
/// Pages that others push, in whatever order. The agent thread takes them as they come, and places them where they are lacking; nothing is
/// ever here for those who ask for a page, but asking for one tells the providers that it is wanted. Which pages there are is read from the image file.
/// </summary>
internal sealed class PushedPageSource : IAwaitedPageSource
{
    private readonly PushReceiver _receiver;
    private readonly ImageFileSource _heads;
    private readonly int _space;
    private readonly ConcurrentQueue<PushedRun> _runs = new();
    private readonly Lock _announcing = new();
    private bool _isDisposed;
    private int _isAnnounced;
    private long _bytes;

    /// <summary>Creates the source of an image, and makes it known to those who push.</summary>
    /// <param name="bytes">The image; it stays the caller's.</param>
    /// <param name="space">The space of the process whose pages it gives.</param>
    internal PushedPageSource(PushedImageBytes bytes, int space)
    {
        _receiver = bytes.Receiver;
        _heads = new ImageFileSource(bytes.File, space);
        _space = space;
        Announcements = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (Announcements < 0)
        {
            throw new NativeException("eventfd", errno, "of the page source");
        }

        _receiver.Register(space, this);
    }

    /// <inheritdoc/>
    public ExtentCatalog Catalog => _heads.Catalog;

    /// <inheritdoc/>
    public LazyRestoreException? Problem => _heads.Problem;

    /// <inheritdoc/>
    public SourceTraffic Traffic => new("push", Volatile.Read(ref _bytes), Requests: 0, Retries: 0);

    /// <inheritdoc/>
    public string Name => _receiver.Name;

    /// <inheritdoc/>
    public SourceHealth Health => _receiver.Health;

    /// <inheritdoc/>
    public int Announcements { get; }

    /// <inheritdoc/>
    public int ExtentsAhead => 0;

    /// <inheritdoc/>
    public FetchOutcome Open(int extent, out ReadOnlySpan<ulong> presence) => _heads.Open(extent, out presence);

    /// <inheritdoc/>
    public FetchOutcome OpenFor(int extent, int page, int count) => _heads.Open(extent, out _);

    /// <inheritdoc/>
    public FetchOutcome Fetch(int extent, int page, int count, out FetchedPages fetched)
    {
        fetched = default;
        _receiver.Want(_space, AddressOf(extent, page));
        return FetchOutcome.Awaited;
    }

    /// <inheritdoc/>
    public unsafe FetchOutcome FetchInto(int extent, int page, int count, byte* destination) => FetchOutcome.Awaited;

    /// <inheritdoc/>
    public FetchOutcome AskAhead(int extent, int page, int end) => FetchOutcome.Awaited;

    /// <inheritdoc/>
    public FetchOutcome Look(int extent, int page, int end) => FetchOutcome.Awaited;

    /// <inheritdoc/>
    public FetchOutcome Whole(int extent) => FetchOutcome.Awaited;

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
        return true;
    }

    /// <summary>Looks at what was pushed first; it stays until it is taken.</summary>
    internal bool TryPeek(out PushedRun run) => _runs.TryPeek(out run);

    /// <summary>Takes what was pushed first, and makes room for more.</summary>
    internal void Take()
    {
        if (_runs.TryDequeue(out PushedRun run))
        {
            for (int page = run.Page; page < run.End; page++)
            {
                _receiver.Has(_space, AddressOf(run.Extent, page));
            }

            _receiver.Recycle(run.Buffer);
        }
    }

    /// <summary>Nothing is needed any more.</summary>
    internal void Complete() => _receiver.Complete(_space);

    /// <summary>Takes pages from a provider.</summary>
    internal unsafe void Push(in PushedRun run)
    {
        _ = Interlocked.Add(ref _bytes, (long)run.Count * ImageLayout.PageSize);
        _runs.Enqueue(run);
        lock (_announcing)
        {
            if (!_isDisposed && Interlocked.Exchange(ref _isAnnounced, 1) == 0)
            {
                ulong one = 1;
                _ = write(Announcements, &one, sizeof(ulong));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _receiver.Complete(_space);
        lock (_announcing)
        {
            _isDisposed = true;
            _ = close(Announcements);
        }

        _heads.Dispose();
    }

    private ulong AddressOf(int extent, int page) => Catalog.Address(extent) + ((ulong)page * ImageLayout.PageSize);
}
