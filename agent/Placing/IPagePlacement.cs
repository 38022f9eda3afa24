using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>A way to bring pages to where they are missing. It neither throws nor allocates; the outcome says what became of it.</summary>
public interface IPagePlacement
{
    /// <summary>Places pages and wakes who waits for them. What was placed may be less than what was asked for: go on from there.</summary>
    /// <param name="destination">The page-aligned address of the first that is missing.</param>
    /// <param name="source">Where the data is in this process.</param>
    /// <param name="length">Bytes, a multiple of the page size, inside one mapping.</param>
    PlacementResult Place(ulong destination, nint source, ulong length);
}
