using System.Runtime.InteropServices;
using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.State;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent;

public sealed partial class PageService
{
    private readonly List<ParkedChild> _kept = [];

    /// <inheritdoc/>
    void IChildKeeper.Keep() => Keep();

    /// <inheritdoc/>
    void IChildKeeper.Adopt(AddressSpace child)
    {
        // The end of a child is not announced. Programs that fork at all fork often, so this is a good moment to look.
        for (int i = 1; i < _spaces.Count; i++)
        {
            _ = _spaces[i].ProbeGone();
        }

        _spaces.Add(child);
        Keep();
    }

    // Plain loops: this stands between a child and the death of the agent.
    private void Keep()
    {
        _kept.Clear();
        for (int i = 0; i < _spaces.Count; i++)
        {
            AddressSpace space = _spaces[i];
            if (i > 0)
            {
                _kept.Add(new ParkedChild(space.Fault.Descriptor, space.State.Descriptor));
            }

            foreach (UserFault unborn in space.Unborn)
            {
                _kept.Add(new ParkedChild(unborn.Descriptor, space.State.Descriptor));
            }
        }

        int error = _process.State.Parking?.Park(CollectionsMarshal.AsSpan(_kept)) ?? 0;
        if (error != 0)
        {
            throw new NativeException("sendmsg", error, "parking the userfaultfds of forked children");
        }
    }

    private void ForgetChildrenThatAreGone()
    {
        bool changed = false;
        for (int i = _spaces.Count - 1; i > 0; i--)
        {
            if (_spaces[i].IsGone || (_spaces[i].IsFilled && !_spaces[i].IsDamaged))
            {
                _spaces[i].Dispose();
                _spaces.RemoveAt(i);
                changed = true;
            }
        }

        if (changed)
        {
            Keep();
        }
    }

    // All of them first: what is parked anew while messages are replayed has to hold every child.
    private void TakeUpChildren()
    {
        foreach (ParkedChild parked in _process.State.Parking?.Peek() ?? [])
        {
            UserFault fault = new(new SafeFileHandle(parked.UserFault, ownsHandle: true));
            var state = PageState.Attach(new SafeFileHandle(parked.State, ownsHandle: true));
            if (_spaces.Find(space => space.State.Identity == state.Identity) is { } parent)
            {
                parent.Unborn.Enqueue(fault);
                state.Dispose();
            }
            else
            {
                _spaces.Add(new AddressSpace(fault, state, _source, _options, _counters, _tuner, this));
            }
        }
    }
}
