using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>
/// Moves pages, and copies those that the kernel will not take away because they are shared or a device uses them (EBUSY); these stay
/// mapped where they are.
/// </summary>
/// <param name="fault">A userfaultfd that this process made with <see cref="UserFaultFeatures.Move"/>; it stays the caller's.</param>
public sealed class ForceCopyPlacement(UserFault fault) : IPagePlacement
{
    private const ulong PageSize = 4096;

    /// <summary>How many bytes were copied.</summary>
    public ulong Copied { get; private set; }

    /// <inheritdoc/>
    public PlacementResult Place(ulong destination, nint source, ulong length)
    {
        PlacementResult moved = fault.Move(destination, source, length);
        if (moved.Errno != Interop.Errno.EBUSY)
        {
            return moved;
        }

        // Only the first page is known to be in use.
        PlacementResult copied = fault.Copy(destination, source, PageSize);
        Copied += copied.Bytes;
        return copied;
    }
}
