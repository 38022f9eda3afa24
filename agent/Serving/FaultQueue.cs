using System.Runtime.InteropServices;

namespace LazyRestore.Agent.Serving;

/// <summary>A fault that waits to be served.</summary>
/// <param name="Address">The page's address.</param>
/// <param name="ReadAt">When its message was read, in ticks of the stopwatch.</param>
/// <param name="MissedAt">
/// How many events had been read when no mapping was found at the address; -1 when that has not happened. Not found once more without an
/// event in between means that there is none: a mapping that is on the move makes the kernel answer EAGAIN until its event is read.
/// </param>
/// <param name="WasAwaited">Whether its page was on its way before.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct PendingFault(
    ulong Address, long ReadAt, long MissedAt = -1, bool WasAwaited = false, FaultKind Kind = FaultKind.Read);

/// <summary>Faults in the order in which they were read, in native memory of a fixed size.</summary>
internal sealed unsafe class FaultQueue : IDisposable
{
    private const int Capacity = 4096;

    private readonly PendingFault* _faults = (PendingFault*)NativeMemory.Alloc(Capacity, (nuint)sizeof(PendingFault));
    private uint _head;
    private uint _tail;

    /// <summary>How many faults wait.</summary>
    internal int Count => (int)(_tail - _head);

    /// <summary>Appends a fault; false when the queue is full.</summary>
    internal bool TryAdd(PendingFault fault)
    {
        if (Count == Capacity)
        {
            return false;
        }

        _faults[_tail++ % Capacity] = fault;
        return true;
    }

    /// <summary>Takes the oldest fault out.</summary>
    internal PendingFault Take() => _faults[_head++ % Capacity];

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_faults);
}
