using LazyRestore.Agent;
using LazyRestore.Agent.Sources;

namespace LazyRestore.Restore;

/// <summary>Hears how a restore comes along; called on the thread that restores.</summary>
public interface IRestoreObserver
{
    /// <summary>Memory is served from now on, of the process and of those that were restored with it. Told at most once, before it runs.</summary>
    /// <param name="processes">What was done for each so far; may be called from any thread, also when it is over.</param>
    void Serving(Func<IReadOnlyList<PageStatistics>> processes);

    /// <summary>The process runs.</summary>
    /// <param name="pid">Its process ID.</param>
    /// <param name="sinceStart">Time since the restore began.</param>
    void Running(int pid, TimeSpan sinceStart);

    /// <summary>Memory has arrived.</summary>
    /// <param name="residentPages">Pages that are there.</param>
    /// <param name="totalPages">Pages that the image holds.</param>
    /// <param name="source">How the source is; null when it is a file.</param>
    void Progress(long residentPages, long totalPages, SourceStatus? source);

    /// <summary>The source cannot be reached any more.</summary>
    void SourceLost(SourceStatus source);

    /// <summary>The source still cannot be reached; told again after a second, two, four, and so on, but once a minute at least.</summary>
    void SourceAwaited(SourceStatus source);

    /// <summary>The source answers again.</summary>
    /// <param name="source">How it is now.</param>
    /// <param name="lost">How long it could not be reached.</param>
    /// <param name="longestWait">How long a thread has waited for a page meanwhile, at most.</param>
    void SourceBack(SourceStatus source, TimeSpan lost, TimeSpan longestWait);

    /// <summary>Pages could not be had, and raise SIGBUS instead.</summary>
    /// <param name="pages">How many so far.</param>
    void PagesPoisoned(long pages);

    /// <summary>The process has settled, and what it touched until then was written beside the image.</summary>
    /// <param name="pages">How many pages that are.</param>
    /// <param name="problem">Why they could not be written; null when they were.</param>
    void WorkingSetRecorded(long pages, LazyRestoreException? problem);

    /// <summary>The process was given to an agent service, or could not be.</summary>
    /// <param name="problem">Why it is served here all the same; null when the service does.</param>
    void HandedOver(LazyRestoreException? problem);

    /// <summary>All memory is there, and nothing of ours is left in the process.</summary>
    /// <param name="sinceStart">Time since the restore began.</param>
    void Resident(TimeSpan sinceStart);
}
