using System.Numerics;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.State;

/// <summary>
/// What became of each page of the image in one address space. A page is settled once it needs no more work: placed, dropped, or
/// not stored at all; it is dropped when the process has thrown its content away, so it reads as zero from then on.
/// An extent's bits count from the moment it is opened, which is when the process or hydration first comes to it; until then the
/// catalog's count stands for it. The bits lie in the state file; the agent thread owns them.
/// </summary>
internal sealed unsafe class PageLedger
{
    private readonly PageState _state;
    private readonly IPageSource _source;
    private readonly ExtentCatalog _catalog;

    /// <summary>Takes the bits of a state up again.</summary>
    internal PageLedger(PageState state, IPageSource source)
    {
        _state = state;
        _source = source;
        _catalog = source.Catalog;
        Remaining = CountRemaining();
    }

    /// <summary>How many pages of the image the address space still lacks.</summary>
    internal long Remaining { get; private set; }

    /// <summary>The settled bits of an extent.</summary>
    internal ExtentBits Settled(int extent) => new(Words(extent));

    /// <summary>The dropped bits of an extent.</summary>
    internal ExtentBits Dropped(int extent) => new(Words(extent) + ExtentBits.WordCount);

    /// <summary>Whether the settled bits of an extent count.</summary>
    internal bool IsOpened(int extent) => (_state.Opened[extent >> 6] >> (extent & 63) & 1) != 0;

    /// <summary>Makes the settled bits of an extent count.</summary>
    internal FetchOutcome Open(int extent)
    {
        FetchOutcome outcome = _source.Open(extent, out ReadOnlySpan<ulong> presence);
        if (outcome != FetchOutcome.Ready)
        {
            return outcome;
        }

        ExtentBits settled = Settled(extent);
        ExtentBits dropped = Dropped(extent);
        int unsettled = 0;
        for (int word = 0; word < ExtentBits.WordCount; word++)
        {
            ulong wanted = presence[word] & CoveredAtFirst(extent, word) & ~dropped[word];
            settled[word] = ~wanted;
            unsettled += BitOperations.PopCount(wanted);
        }

        Remaining += unsettled - InitialCount(extent);
        MarkOpened(extent);
        return outcome;
    }

    /// <summary>Records that pages of an opened extent need no more work.</summary>
    internal void Settle(int extent, int first, int count) => Remaining -= Settled(extent).Add(first, first + count);

    /// <summary>Records that the process has thrown away what a range of the image held.</summary>
    /// <returns>How many pages were not settled before.</returns>
    internal long Drop(ulong imageStart, ulong imageEnd)
    {
        long before = Remaining;
        for (int extent = _catalog.FirstEndingAfter(imageStart); extent < _catalog.Count; extent++)
        {
            ulong address = _catalog.Address(extent);
            if (address >= imageEnd)
            {
                break;
            }

            int first = imageStart <= address ? 0 : (int)((imageStart - address) / ImageLayout.PageSize);
            int end = (int)Math.Min((imageEnd - address) / ImageLayout.PageSize, ExtentBits.PageCount);
            DropPages(extent, first, end);
        }

        return before - Remaining;
    }

    private void DropPages(int extent, int first, int end)
    {
        Dropped(extent).Add(first, end);
        if (IsOpened(extent))
        {
            Settle(extent, first, end - first);
        }
        else if (first == 0 && end == ExtentBits.PageCount)
        {
            Settled(extent).Add(0, ExtentBits.PageCount);
            Remaining -= InitialCount(extent);
            MarkOpened(extent);
        }
        else
        {
            // An extent whose head is damaged stays closed: whoever comes to it next will report that.
            _ = Open(extent);
        }
    }

    private ulong* Words(int extent) => _state.ExtentWords + ((long)extent * (StateLayout.ExtentBytes / sizeof(ulong)));

    private void MarkOpened(int extent) => _state.Opened[extent >> 6] |= 1UL << (extent & 63);

    private int InitialCount(int extent)
    {
        ulong address = _catalog.Address(extent);
        ReadOnlySpan<RegionEntry> regions = _state.InitialRegions;
        int region = RegionTable.FirstEndingAfter(regions, address);
        return region < regions.Length && regions[region].Start < address + ImageLayout.ExtentSpan ? _catalog.PresentPages(extent) : 0;
    }

    // The pages of a word that lay in some region at first; the others are no business of ours.
    private ulong CoveredAtFirst(int extent, int word)
    {
        ulong address = _catalog.Address(extent);
        ReadOnlySpan<RegionEntry> regions = _state.InitialRegions;
        ulong covered = 0;
        for (int index = RegionTable.FirstEndingAfter(regions, address + ((ulong)word << 18)); index < regions.Length; index++)
        {
            RegionEntry part = regions[index].Within(address, address + ImageLayout.ExtentSpan);
            if (part.Start >= part.End)
            {
                break;
            }

            int first = (int)((part.Start - address) / ImageLayout.PageSize);
            covered |= ExtentBits.Mask(word, first, first + (int)(part.Length / ImageLayout.PageSize));
        }

        return covered;
    }

    private long CountRemaining()
    {
        long remaining = 0;
        for (int extent = 0; extent < _catalog.Count; extent++)
        {
            remaining += IsOpened(extent) ? ExtentBits.PageCount - Settled(extent).Count() : InitialCount(extent);
        }

        return remaining;
    }
}
