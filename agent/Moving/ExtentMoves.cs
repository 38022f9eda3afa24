namespace LazyRestore.Agent.Moving;

/// <summary>What is in the slots of the mover, and which extents it is not to be bothered with again. Owned by the agent thread.</summary>
internal sealed class ExtentMoves(MoverRing ring)
{
    // Slot 0 is kept for extents that somebody waits for: the mover looks at it first.
    private const int FirstForHydration = 1;

    private readonly ExtentMove[] _slots = new ExtentMove[MoverLayout.Slots];
    private readonly HashSet<int> _refused = [];

    /// <summary>The agent's end of the mover.</summary>
    internal MoverRing Ring { get; } = ring;

    /// <summary>A slot's content.</summary>
    internal ref ExtentMove this[int slot] => ref _slots[slot];

    /// <summary>Whether any extent is to be placed that is not placed yet.</summary>
    internal bool AnyUnderWay
    {
        get
        {
            bool any = false;
            foreach (ref readonly ExtentMove move in _slots.AsSpan())
            {
                any |= move.IsUnderWay;
            }

            return any;
        }
    }

    /// <summary>Whether the mover has anything to do.</summary>
    internal bool AnyWithMover
    {
        get
        {
            bool any = false;
            foreach (ref readonly ExtentMove move in _slots.AsSpan())
            {
                any |= move.IsWithMover;
            }

            return any;
        }
    }

    /// <summary>The slot in which an extent is under way; -1 when it is not.</summary>
    internal int SlotOf(int extent)
    {
        for (int slot = 0; slot < MoverLayout.Slots; slot++)
        {
            if (_slots[slot].IsUnderWay && _slots[slot].Extent == extent)
            {
                return slot;
            }
        }

        return -1;
    }

    /// <summary>Takes a free slot for an extent; -1 when there is none.</summary>
    internal int TryTake(ExtentMove move)
    {
        for (int slot = move.IsHydration ? FirstForHydration : 0; slot < MoverLayout.Slots; slot++)
        {
            if (_slots[slot].Phase == MovePhase.None)
            {
                _slots[slot] = move with { Phase = MovePhase.Filling };
                return slot;
            }
        }

        return -1;
    }

    /// <summary>Makes a slot free.</summary>
    internal void Free(int slot) => _slots[slot] = default;

    /// <summary>Notes that an extent cannot be moved: it is left to copying.</summary>
    internal void Refuse(int extent) => _refused.Add(extent);

    /// <summary>Whether an extent is left to copying.</summary>
    internal bool IsRefused(int extent) => _refused.Contains(extent);
}
