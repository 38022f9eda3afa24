using System.Numerics;
using System.Runtime.InteropServices;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Placing;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Shared;

/// <summary>
/// A file of shared memory that is being filled, through a mapping of our own that is registered with a userfaultfd of our own: what is
/// copied there gets into the file whole or not at all, and only where the file has nothing. So the file itself tells what is
/// missing, also to a successor. Owned by the thread of the service.
/// </summary>
internal sealed unsafe class SharedFile : IDisposable
{
    private const ulong PageSize = ImageLayout.PageSize;

    private readonly ImageFileSource _source;
    private readonly CopyPlacement _unmapped;
    private readonly List<SharedPart> _parts = [];
    private readonly ulong _length;
    private readonly bool[] _opened;
    private ulong* _settled;
    private int _cursor;
    private string? _identity;

    /// <summary>Maps a file.</summary>
    /// <param name="image">Where the pages come from; it stays the caller's.</param>
    /// <param name="memory">The object.</param>
    /// <param name="fault">A userfaultfd of this process; it stays the caller's.</param>
    /// <param name="process">The userfaultfd of the process; it stays the caller's.</param>
    internal SharedFile(CheckpointImage image, SharedObject memory, UserFault fault, UserFault process)
    {
        _source = new ImageFileSource(image, memory.Space);
        _opened = new bool[Catalog.Count];
        _settled = (ulong*)NativeMemory.AllocZeroed((nuint)Catalog.Count, ExtentBits.WordCount * sizeof(ulong));
        _length = ((ulong)RandomAccess.GetLength(memory.File) + PageSize - 1) & ~(PageSize - 1);
        void* address = mmap(null, (Tmds.Linux.size_t)_length, PROT_READ, MAP_SHARED, (int)memory.File.DangerousGetHandle(), 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, "of shared memory");
        }

        Origin = (ulong)address;
        Fault = fault;
        _unmapped = new CopyPlacement(fault);
        PlacementResult registered = fault.Register(Origin, _length);
        if (registered.Outcome != PlacementOutcome.Installed)
        {
            throw new NativeException("ioctl(UFFDIO_REGISTER)", registered.Errno, "of shared memory");
        }

        _parts.AddRange(memory.Mappings.Select(mapping => new SharedPart(mapping, this, process)));
        Remaining = Enumerable.Range(0, Catalog.Count).Sum(extent => (long)Catalog.PresentPages(extent));
    }

    /// <summary>Our mapping's first address.</summary>
    internal ulong Origin { get; }

    /// <summary>What our mapping is registered with.</summary>
    internal UserFault Fault { get; }

    /// <summary>Tells the file from others, as <see cref="ProcessMapping.File"/> does.</summary>
    internal string Identity => _identity ??= ProcessMaps.Find(Environment.ProcessId, Origin)?.File ?? "";

    /// <summary>Where the process maps it.</summary>
    internal IReadOnlyList<SharedPart> Parts => _parts;

    /// <summary>How many pages of the image are not known to be there.</summary>
    internal long Remaining { get; private set; }

    /// <summary>Whether all pages have been brought that can be had.</summary>
    internal bool IsExhausted => Remaining == 0 || _cursor == Catalog.Count;

    /// <summary>Why pages cannot be had; null while there is nothing.</summary>
    internal LazyRestoreException? Problem { get; private set; }

    /// <summary>What was read of it so far; may be asked by any thread.</summary>
    internal SourceTraffic Traffic => _source.Traffic;

    private ExtentCatalog Catalog => _source.Catalog;

    /// <summary>Brings the page of a fault, and what follows it.</summary>
    /// <param name="part">The mapping it is in.</param>
    /// <param name="address">The page's address in the process.</param>
    /// <param name="window">How many pages at most.</param>
    /// <param name="placed">How many pages were brought.</param>
    internal PlacementOutcome Serve(SharedPart part, ulong address, int window, out int placed)
    {
        placed = 0;
        ulong offset = address - part.Origin;
        int extent = Catalog.Find(offset);
        if (extent < 0)
        {
            return Explain(part.Placement.PlaceZero(address));
        }

        if (_source.Open(extent, out ReadOnlySpan<ulong> presence) != FetchOutcome.Ready || !TryOpen(extent))
        {
            return Damaged();
        }

        int page = (int)((offset - Catalog.Address(extent)) / PageSize);
        if ((presence[page >> 6] >> (page & 63) & 1) == 0)
        {
            return Explain(part.Placement.PlaceZero(address));
        }

        // The page itself is asked for whatever its bit says; what follows only while it is lacking.
        int limit = (int)Math.Min((ulong)Math.Min(window, ExtentBits.PageCount - page), (part.End - address) / PageSize);
        int count = Math.Max(1, Math.Min(Settled(extent).NextSet(page), page + limit) - page);
        PlacementOutcome outcome = Fill(extent, page, count, part.Origin, part.Placement, out placed);
        return placed > 0 ? PlacementOutcome.Installed : outcome;
    }

    /// <summary>Brings further pages in the order of the file.</summary>
    /// <param name="pages">How many at most.</param>
    /// <returns>Deferred when there is no memory at the moment.</returns>
    internal PlacementOutcome Advance(int pages)
    {
        while (!IsExhausted)
        {
            int page = TryOpen(_cursor) ? Settled(_cursor).NextClear(0) : ExtentBits.PageCount;
            if (page < ExtentBits.PageCount)
            {
                return Advance(_cursor, page, Math.Min(pages, Settled(_cursor).NextSet(page) - page));
            }

            // Nobody reads them here, and the page tables would only grow.
            _ = madvise((void*)(Origin + Catalog.Address(_cursor)), (Tmds.Linux.size_t)SpanOf(_cursor), MADV_DONTNEED);
            _cursor++;
        }

        return PlacementOutcome.Installed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_settled != null)
        {
            _ = munmap((void*)Origin, (Tmds.Linux.size_t)_length);
            NativeMemory.Free(_settled);
            _settled = null;
            _source.Dispose();
        }
    }

    private PlacementOutcome Advance(int extent, int page, int count)
    {
        ulong offset = Catalog.Address(extent) + ((ulong)page * PageSize);
        SharedPart? part = _parts.Find(part => part.Holds(offset));
        if (part is not null)
        {
            count = (int)Math.Min((ulong)count, (part.End - part.Origin - offset) / PageSize);
        }

        PlacementOutcome outcome = part is null
            ? Fill(extent, page, count, Origin, _unmapped, out int placed)
            : Fill(extent, page, count, part.Origin, part.Placement, out placed);
        if (outcome == PlacementOutcome.Failed && placed == 0)
        {
            // It stays lacking; the rest goes on behind it.
            _ = Settled(extent).Add(page, page + 1);
        }

        return outcome == PlacementOutcome.Deferred ? outcome : PlacementOutcome.Installed;
    }

    private PlacementOutcome Fill(int extent, int page, int count, ulong origin, IPagePlacement placement, out int placed)
    {
        placed = 0;
        if (_source.Fetch(extent, page, count, out FetchedPages fetched) != FetchOutcome.Ready)
        {
            return Damaged();
        }

        ulong destination = origin + Catalog.Address(extent) + ((ulong)page * PageSize);
        while (placed < fetched.Pages)
        {
            ulong done = (ulong)placed * PageSize;
            PlacementResult result = placement.Place(destination + done, fetched.Address + (nint)done, (ulong)(fetched.Pages - placed) * PageSize);
            PlacementOutcome outcome = Explain(result);
            if (outcome != PlacementOutcome.Installed)
            {
                return outcome;
            }

            int settled = (int)Math.Max(result.Bytes / PageSize, 1);
            Remaining -= Settled(extent).Add(page + placed, page + placed + settled);
            placed += settled;
        }

        return PlacementOutcome.Installed;
    }

    private PlacementOutcome Explain(PlacementResult result)
    {
        switch (result.Outcome)
        {
            case PlacementOutcome.Installed or PlacementOutcome.AlreadyPresent:
                return PlacementOutcome.Installed;
            case PlacementOutcome.Deferred:
            case PlacementOutcome.Failed when result.Errno == Interop.Errno.ENOMEM:
                return PlacementOutcome.Deferred;
            default:
                Problem ??= new NativeException("ioctl(UFFDIO_COPY)", result.Errno, "of shared memory");
                return PlacementOutcome.Failed;
        }
    }

    private PlacementOutcome Damaged()
    {
        Problem ??= _source.Problem;
        return PlacementOutcome.Failed;
    }

    // The settled bits of an extent count from here on.
    private bool TryOpen(int extent)
    {
        if (_opened[extent])
        {
            return true;
        }

        if (_source.Open(extent, out ReadOnlySpan<ulong> presence) != FetchOutcome.Ready)
        {
            _ = Damaged();
            return false;
        }

        ExtentBits settled = Settled(extent);
        for (int word = 0; word < ExtentBits.WordCount; word++)
        {
            settled[word] = ~presence[word];
        }

        return _opened[extent] = true;
    }

    private ulong SpanOf(int extent) => Math.Min(ImageLayout.ExtentSpan, _length - Catalog.Address(extent));

    private ExtentBits Settled(int extent) => new(_settled + ((long)extent * ExtentBits.WordCount));
}
