using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>Lets pages read as zero (UFFDIO_ZEROPAGE).</summary>
/// <param name="fault">The userfaultfd, of this or of another process; it stays the caller's.</param>
public sealed class ZeroPlacement(UserFault fault) : IPagePlacement
{
    /// <inheritdoc/>
    public PlacementResult Place(ulong destination, nint source, ulong length) => fault.ZeroPage(destination, length);
}
