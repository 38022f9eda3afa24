using LazyRestore.Agent.State;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

/// <summary>
/// Takes the place of a dead agent. Whenever a successor dies in the middle of it, another one can do it again: what the kernel handed to
/// the dead one is parked before what keeps it is ended.
/// </summary>
public static class Succession
{
    /// <summary>Takes it for processes that were restored together, whose states are ours then: locked, and kept as we are.</summary>
    /// <param name="states">The states of the processes.</param>
    /// <exception cref="LazyRestoreException">Another agent lives.</exception>
    public static void Take(IReadOnlyCollection<PageState> states)
    {
        List<SafeFileHandle> locks = [];
        Dictionary<PageState, OrphanedKeeper?> keepers = [];
        try
        {
            // In one order, so that no two successors wait for each other.
            foreach (PageState state in states.OrderBy(state => state.Identity))
            {
                locks.Add(state.LockSuccession());
            }

            foreach (PageState state in states)
            {
                OrphanedKeeper? keeper = state.FindOrphanedKeeper();
                keepers.Add(state, keeper);
                if (!state.TryLock(keeper))
                {
                    throw AnotherAgent(state);
                }
            }

            foreach ((PageState state, OrphanedKeeper? keeper) in keepers)
            {
                if (keeper is not null)
                {
                    LeftForks.Park(state, keeper);
                    keeper.End();
                }
            }
        }
        finally
        {
            locks.ForEach(static held => held.Dispose());
            foreach (OrphanedKeeper? keeper in keepers.Values)
            {
                keeper?.Dispose();
            }
        }

        // Not before: a keeper of ours would keep what keeps out those who would take our place, and end only by their hands.
        foreach (PageState state in states)
        {
            state.StartKeeper();
        }
    }

    /// <summary>The error when another agent serves a process.</summary>
    internal static LazyRestoreException AnotherAgent(PageState state) => new(
        FailureReason.Failed, $"the memory of process {state.Pid} is served by another agent", "Leave it to that one, or end it first.");
}
