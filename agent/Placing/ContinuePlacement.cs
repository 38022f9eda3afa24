using LazyRestore.Agent.Faults;

namespace LazyRestore.Agent.Placing;

/// <summary>
/// Puts pages into the file behind a shared mapping, once for all who map it, and maps them in the process (UFFDIO_CONTINUE). The file is
/// filled through a mapping of our own, so an event that a process waits with does not stand in the way; what the
/// file has already stays as it is.
/// </summary>
/// <param name="file">A userfaultfd of this process with which a mapping of the file is registered; it stays the caller's.</param>
/// <param name="process">The userfaultfd of the process; it stays the caller's.</param>
/// <param name="shift">What is to be added to an address in the process to get that of the same page in our mapping.</param>
public sealed class ContinuePlacement(UserFault file, UserFault process, long shift) : IPagePlacement
{
    private const ulong PageSize = 4096;

    /// <inheritdoc/>
    public PlacementResult Place(ulong destination, nint source, ulong length) =>
        Map(destination, file.Copy(destination + (ulong)shift, source, length));

    /// <summary>Lets a page read as zero.</summary>
    public PlacementResult PlaceZero(ulong destination) =>
        Map(destination, file.ZeroPage(destination + (ulong)shift, PageSize));

    private PlacementResult Map(ulong destination, PlacementResult written)
    {
        if (written.Outcome is PlacementOutcome.Installed or PlacementOutcome.AlreadyPresent)
        {
            ulong length = Math.Max(written.Bytes, PageSize);
            PlacementResult mapped = process.Continue(destination, length);
            if (mapped.Outcome != PlacementOutcome.Installed || mapped.Bytes < length)
            {
                // The file has them: who waits for one finds it there.
                _ = process.Wake(destination, length);
            }
        }

        return written;
    }
}
