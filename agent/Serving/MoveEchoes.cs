using System.Runtime.CompilerServices;

namespace LazyRestore.Agent.Serving;

/// <summary>
/// After a REMAP the kernel announces the old place as unmapped, in a message of its own. Another thread's mapping may have been moved
/// there in between, and its pages must not be taken for dropped, so the announcement that belongs to a move is recognised and left out.
/// </summary>
internal struct MoveEchoes
{
    private const int Capacity = 16;

    private Ranges _ranges;
    private int _next;

    /// <summary>Expects the announcement that a range was left.</summary>
    internal void Expect(ulong start, ulong end)
    {
        _ranges[_next] = (start, end);
        _next = (_next + 1) % Capacity;
    }

    /// <summary>Whether an announcement belongs to a move; each belongs to one only.</summary>
    internal bool TryTake(ulong start, ulong end)
    {
        for (int index = 0; index < Capacity; index++)
        {
            if (_ranges[index] == (start, end))
            {
                _ranges[index] = default;
                return true;
            }
        }

        return false;
    }

    [InlineArray(Capacity)]
    private struct Ranges
    {
        private (ulong Start, ulong End) _first;
    }
}
