namespace LazyRestore.Agent.Sources;

/// <summary>How an attempt to get pages ended.</summary>
public enum FetchOutcome
{
    /// <summary>The pages are there and their checksums are right.</summary>
    Ready,

    /// <summary>What the source holds is not what was checkpointed; <see cref="IPageSource.Problem"/> says more.</summary>
    Damaged,

    /// <summary>They are on their way; only an <see cref="IAwaitedPageSource"/> says so.</summary>
    Awaited,
}

/// <summary>Pages in the agent's memory, one after the other.</summary>
/// <param name="Address">Where they are; valid until the source is asked again.</param>
/// <param name="Pages">How many there are: at least 1, at most what was asked for.</param>
public readonly record struct FetchedPages(nint Address, int Pages);

/// <summary>
/// Where the pages of a checkpoint come from. Called by the agent thread alone, on the fault path: no allocation once an
/// extent is known, no lock, no wait on anything but the storage.
/// </summary>
public unsafe interface IPageSource : IDisposable
{
    /// <summary>What the source has.</summary>
    ExtentCatalog Catalog { get; }

    /// <summary>The last problem, for people; null while everything is well.</summary>
    LazyRestoreException? Problem { get; }

    /// <summary>What it has brought so far; may be asked by any thread.</summary>
    SourceTraffic Traffic { get; }

    /// <summary>Tells which of an extent's pages are stored.</summary>
    /// <param name="extent">An index into the catalog.</param>
    /// <param name="presence">512 bits, page N in bit N % 64 of word N / 64.</param>
    FetchOutcome Open(int extent, out ReadOnlySpan<ulong> presence);

    /// <summary>Gets neighbouring pages, all of them stored, as many as lie together; their checksums have been verified.</summary>
    /// <param name="extent">An index into the catalog.</param>
    /// <param name="page">The first page, 0 to 511.</param>
    /// <param name="count">How many are wanted, at least 1.</param>
    /// <param name="fetched">The pages, when ready.</param>
    FetchOutcome Fetch(int extent, int page, int count, out FetchedPages fetched);

    /// <summary>Puts pages of an extent of which every page is stored where the caller wants them; their checksums have been verified there.</summary>
    /// <param name="extent">An index into the catalog.</param>
    /// <param name="page">The first page, a multiple of <see cref="ImageFormat.ImageLayout.PagesPerBlock"/>.</param>
    /// <param name="count">How many, a multiple of <see cref="ImageFormat.ImageLayout.PagesPerBlock"/>.</param>
    /// <param name="destination">Native memory that nobody else writes to.</param>
    FetchOutcome FetchInto(int extent, int page, int count, byte* destination);
}
