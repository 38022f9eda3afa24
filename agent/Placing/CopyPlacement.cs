using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>Copies pages (UFFDIO_COPY); the data stays where it is.</summary>
/// <param name="fault">The userfaultfd, of this or of another process; it stays the caller's.</param>
public sealed class CopyPlacement(UserFault fault) : IPagePlacement
{
    /// <inheritdoc/>
    public PlacementResult Place(ulong destination, nint source, ulong length) => fault.Copy(destination, source, length);
}
