using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>Moves pages within this process (UFFDIO_MOVE); where they were, memory is empty.</summary>
/// <param name="fault">A userfaultfd that this process made with <see cref="UserFaultFeatures.Move"/>; it stays the caller's.</param>
public sealed class MovePlacement(UserFault fault) : IPagePlacement
{
    /// <inheritdoc/>
    public PlacementResult Place(ulong destination, nint source, ulong length) => fault.Move(destination, source, length);
}
