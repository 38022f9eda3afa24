using LazyRestore.Agent.Sources.Remote;

namespace LazyRestore.Agent.Sources;

/// <summary>
/// A source whose pages take a while to come. It never makes the agent thread wait: what is not here is asked for, and
/// <see cref="FetchOutcome.Awaited"/> until an announcement says that something has arrived.
/// </summary>
internal interface IAwaitedPageSource : IPageSource
{
    /// <summary>Where the pages come from, for people.</summary>
    string Name { get; }

    /// <summary>Whether it can be reached.</summary>
    SourceHealth Health { get; }

    /// <summary>An eventfd that becomes readable when something has arrived, or can certainly not be had.</summary>
    int Announcements { get; }

    /// <summary>Makes <see cref="IPageSource.Open"/> ready, and asks for pages that are wanted next with the same question.</summary>
    FetchOutcome OpenFor(int extent, int page, int count);

    /// <summary>Extents that are asked for ahead at most; more would only wait elsewhere.</summary>
    int ExtentsAhead { get; }

    /// <summary>Asks for pages that nobody waits for.</summary>
    /// <param name="extent">An index into the catalog.</param>
    /// <param name="page">The first page, stored or not.</param>
    /// <param name="end">The page after the last.</param>
    /// <returns>Ready when the first stored one of them is here.</returns>
    FetchOutcome AskAhead(int extent, int page, int end);

    /// <summary>What <see cref="AskAhead"/> would return, without asking.</summary>
    FetchOutcome Look(int extent, int page, int end);

    /// <summary>Whether all pages are here of an extent of which all are stored.</summary>
    FetchOutcome Whole(int extent);

    /// <summary>Forgets that something was announced; it is to be looked for after that.</summary>
    /// <returns>False when nothing was.</returns>
    bool TakeAnnouncement();
}
