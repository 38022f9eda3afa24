using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Placing;

namespace LazyRestore.Agent.OwnMemory;

/// <summary>
/// Moves or copies pages between two places of this process: mremap(2) that leaves both mappings in place, and that takes whole huge
/// pages of 2 MiB where source, destination and length are multiples of that. Not for several threads at once.
/// </summary>
/// <remarks>
/// While a transfer is under way nobody may touch the destination: a managed thread that does waits in a page fault, where the garbage
/// collector cannot stop it, and a collection that begins then never ends.
/// </remarks>
public sealed class PageTransfer : IDisposable
{
    private const ulong PageSize = 4096;

    private readonly UserFault _fault;

    /// <summary>Prepares transfers.</summary>
    /// <exception cref="NativeException">The kernel (Linux 6.8) or the user's privileges do not allow it.</exception>
    public PageTransfer() => _fault = UserFault.Create(UserFaultFeatures.Move);

    /// <summary>
    /// Moves pages; the source is empty afterwards, and reads as zero. Pages that the kernel does not let go, since they are shared
    /// with a forked process or used by a device, are copied and stay where they are too. What the source lacks, the destination lacks.
    /// </summary>
    /// <param name="source">Private anonymous memory, readable and writable; a multiple of the page size.</param>
    /// <param name="destination">Such memory in which nothing is yet, not registered with any userfaultfd.</param>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    /// <exception cref="LazyRestoreException">It cannot be moved; the message tells how far it came.</exception>
    public TransferResult Move(nint source, nint destination, long length)
    {
        ForceCopyPlacement placement = new(_fault, allowHoles: true);
        ulong placed = Run(placement, source, destination, length);
        return new TransferResult((long)(placed - placement.Copied), (long)placement.Copied);
    }

    /// <summary>Copies pages without a page fault for each; the source keeps what it has.</summary>
    /// <param name="source">Memory that is readable.</param>
    /// <param name="destination">Private anonymous memory in which nothing is yet; a multiple of the page size.</param>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    /// <exception cref="LazyRestoreException">It cannot be copied; the message tells how far it came.</exception>
    public TransferResult Copy(nint source, nint destination, long length) =>
        new(0, (long)Run(new CopyPlacement(_fault), source, destination, length));

    /// <inheritdoc/>
    public void Dispose() => _fault.Dispose();

    private ulong Run(IPagePlacement placement, nint source, nint destination, long length)
    {
        PlacementResult registered = _fault.Register((ulong)destination, (ulong)length);
        if (registered.Outcome != PlacementOutcome.Installed)
        {
            throw Failed("ioctl(UFFDIO_REGISTER)", registered, destination, 0);
        }

        try
        {
            return Place(placement, source, destination, (ulong)length);
        }
        finally
        {
            _ = _fault.Unregister((ulong)destination, (ulong)length);
        }
    }

    private static ulong Place(IPagePlacement placement, nint source, nint destination, ulong length)
    {
        ulong placed = 0;
        ulong step = length;
        while (placed < length)
        {
            ulong wanted = Math.Min(step, length - placed);
            PlacementResult result = placement.Place((ulong)destination + placed, source + (nint)placed, wanted);
            if (result.Outcome == PlacementOutcome.Installed)
            {
                placed += result.Bytes;
                step = Math.Min(2 * step, length);
            }
            else if ((result.Outcome == PlacementOutcome.Discarded || result.Errno == Interop.Errno.EINVAL) && wanted > PageSize)
            {
                // More than one mapping on either side: up to the border, then on behind it.
                step = wanted / 2 / PageSize * PageSize;
            }
            else if (result.Outcome != PlacementOutcome.Deferred)
            {
                throw Failed("ioctl", result, destination, placed);
            }
        }

        return placed;
    }

    private static LazyRestoreException Failed(string call, PlacementResult result, nint destination, ulong placed) =>
        result.Outcome == PlacementOutcome.AlreadyPresent
            ? new LazyRestoreException(
                FailureReason.Failed,
                $"memory at 0x{(ulong)destination + placed:x} is not empty; {placed} bytes before it were placed",
                "Map the destination anew, or give back what is in it (MADV_DONTNEED).")
            : new NativeException(call, result.Errno, $"to 0x{(ulong)destination + placed:x}, after {placed} bytes");
}
