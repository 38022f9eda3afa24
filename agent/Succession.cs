using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

/// <summary>
/// The place of a dead agent, taken for all processes that it served at once: what keeps the descriptors of one keeps those of all, and with
/// them the locks.
/// </summary>
public sealed class Succession : IDisposable
{
    private readonly List<SafeFileHandle> _locks = [];
    private readonly Dictionary<PageState, Dictionary<int, SafeFileHandle>> _left = [];

    private Succession()
    {
    }

    /// <summary>Takes it.</summary>
    /// <param name="states">The states of the processes.</param>
    /// <exception cref="LazyRestoreException">Another agent lives.</exception>
    public static Succession Begin(IReadOnlyCollection<PageState> states)
    {
        Succession succession = new();
        try
        {
            // In one order, so that no two successors wait for each other.
            foreach (PageState state in states.OrderBy(state => state.Identity))
            {
                succession._locks.Add(state.LockSuccession());
            }

            foreach (PageState state in states)
            {
                succession._left.Add(state, state.TakeLeft());
            }

            return states.FirstOrDefault(state => !state.TryLock()) is { } served ? throw AnotherAgent(served) : succession;
        }
        catch
        {
            succession.Dispose();
            throw;
        }
    }

    /// <summary>The userfaultfds that the dead agent left, by the numbers it had for them.</summary>
    internal Dictionary<int, SafeFileHandle> LeftTo(PageState state) => _left[state];

    /// <summary>The error when another agent serves a process.</summary>
    internal static LazyRestoreException AnotherAgent(PageState state) => new(
        FailureReason.Failed, $"the memory of process {state.Pid} is served by another agent", "Leave it to that one, or end it first.");

    /// <summary>Closes what nobody has claimed, and lets other successors try.</summary>
    public void Dispose()
    {
        foreach (SafeFileHandle unclaimed in _left.Values.SelectMany(left => left.Values))
        {
            unclaimed.Dispose();
        }

        _locks.ForEach(held => held.Dispose());
    }
}
