namespace LazyRestore.Restore;

/// <summary>Hears how a restore comes along; called on the thread that restores.</summary>
public interface IRestoreObserver
{
    /// <summary>The process runs.</summary>
    /// <param name="pid">Its process ID.</param>
    /// <param name="sinceStart">Time since the restore began.</param>
    void Running(int pid, TimeSpan sinceStart);

    /// <summary>Memory has arrived.</summary>
    /// <param name="residentPages">Pages that are there.</param>
    /// <param name="totalPages">Pages that the image holds.</param>
    void Progress(long residentPages, long totalPages);

    /// <summary>The process has settled, and what it touched until then was written beside the image.</summary>
    /// <param name="pages">How many pages that are.</param>
    /// <param name="problem">Why they could not be written; null when they were.</param>
    void WorkingSetRecorded(long pages, LazyRestoreException? problem);

    /// <summary>All memory is there, and nothing of ours is left in the process.</summary>
    /// <param name="sinceStart">Time since the restore began.</param>
    void Resident(TimeSpan sinceStart);
}
