namespace LazyRestore.Agent;

/// <summary>
/// A range of the process whose missing pages are announced by the userfaultfd. When the service starts, the page at an
/// address is the image's page of the same address.
/// </summary>
/// <param name="Start">First address; a multiple of the page size.</param>
/// <param name="End">First address after it; a multiple of the page size.</param>
public sealed record LazyRegion(ulong Start, ulong End)
{
    /// <summary>Whether children find it zeroed (MADV_WIPEONFORK): their missing pages are zero, not the image's.</summary>
    public bool WipeOnFork { get; init; }

    /// <summary>Whether extents of which the image has every page are to be moved here whole when there is a mover.</summary>
    public bool Movable { get; init; }
}
