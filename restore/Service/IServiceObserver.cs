namespace LazyRestore.Restore.Service;

/// <summary>Hears what becomes of the processes of a service; called on any thread, also on several at once.</summary>
public interface IServiceObserver
{
    /// <summary>Processes that were restored together are taken up.</summary>
    /// <returns>Who hears of them in detail.</returns>
    IRestoreObserver Attached(IReadOnlyList<int> pids);

    /// <summary>Their image cannot be opened: they wait, and the service tries again. Told when the problem changes.</summary>
    void Waiting(IReadOnlyList<int> pids, LazyRestoreException problem);

    /// <summary>They are the service's no more.</summary>
    /// <param name="pids">The processes.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="problem">Why, when it failed; null otherwise.</param>
    void Ended(IReadOnlyList<int> pids, ServedEnd end, LazyRestoreException? problem);
}
