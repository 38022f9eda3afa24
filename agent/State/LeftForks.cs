using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.State;

/// <summary>
/// The userfaultfds of children that a dead agent was handed and had not parked yet: they are among its descriptors, under the numbers that the
/// messages tell. Guarded by the test AChildIsNotLostWithAnAgentThatHadReadOfItsForkAndDied.
/// </summary>
internal static unsafe class LeftForks
{
    /// <summary>Parks them with the others, for whoever serves the process next.</summary>
    /// <param name="process">The state of the process.</param>
    /// <param name="keeper">What keeps the descriptors of the dead agent.</param>
    /// <exception cref="NativeException">The kernel refuses.</exception>
    internal static void Park(PageState process, OrphanedKeeper keeper)
    {
        if (process.Parking is not { } parking)
        {
            return;
        }

        List<ParkedChild> parked = [.. parking.Peek()];
        List<SafeFileHandle> owned = [];
        List<PageState> states = [process];
        List<PageState> completed = [];
        try
        {
            // A userfaultfd that is parked with a state that came before it belongs to a child whose fork is still to be applied.
            HashSet<long> complete = [];
            foreach (ParkedChild child in parked)
            {
                owned.Add(new SafeFileHandle(child.UserFault, ownsHandle: true));
                var state = PageState.Attach(new SafeFileHandle(child.State, ownsHandle: true));
                states.Add(state);
                if (states.FindIndex(other => other.Identity == state.Identity) < states.Count - 1)
                {
                    _ = complete.Add(state.Identity);
                }
            }

            foreach (PageState state in states.DistinctBy(static state => state.Identity))
            {
                if (state.Header->ForksAreKept == 0 && !complete.Contains(state.Identity) && Take(state, keeper, parked, owned))
                {
                    completed.Add(state);
                }
            }

            Park(parking, parked, completed);
        }
        finally
        {
            owned.ForEach(static handle => handle.Dispose());
            states.Skip(1).ToList().ForEach(static state => state.Dispose());
        }
    }

    private static void Park(ChildParking parking, List<ParkedChild> parked, List<PageState> completed)
    {
        int error = completed.Count == 0 ? 0 : parking.Park(CollectionsMarshal.AsSpan(parked));
        if (error != 0)
        {
            throw new NativeException("sendmsg", error, "parking the userfaultfds of forked children");
        }

        completed.ForEach(static state => state.Header->ForksAreKept = 1);
    }

    private static bool Take(PageState state, OrphanedKeeper keeper, List<ParkedChild> parked, List<SafeFileHandle> owned)
    {
        uffd_msg* messages = StateHeader.MessagesOf(state.Header);
        int before = parked.Count;
        for (int index = state.Processed; index < StateHeader.MessageCapacity; index++)
        {
            if (messages[index].@event == UFFD_EVENT_FORK && keeper.TakeUserFault((int)messages[index].fork_ufd) is { } child)
            {
                owned.Add(child);
                parked.Add(new ParkedChild((int)child.DangerousGetHandle(), state.Descriptor));
            }
        }

        return parked.Count > before;
    }
}
