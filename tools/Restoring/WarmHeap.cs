using System.Runtime.CompilerServices;
using Tmds.Linux;

namespace LazyRestore.Tools.Restoring;

/// <summary>
/// Memory for what a restore allocates until the process runs, taken from the kernel at once: page by page, as objects come to lie there, it
/// costs a page fault each, which on a virtual machine makes a tenth of the time to running. Nothing is collected meanwhile.
/// </summary>
internal sealed unsafe class WarmHeap : IDisposable
{
    // What a restore of some hundred mappings allocates; more is taken page by page.
    private const int Bytes = 1 << 20;
    private bool _isCollecting;

    private WarmHeap(bool isCollecting) => _isCollecting = isCollecting;

    /// <summary>Takes the memory.</summary>
    public static WarmHeap Take()
    {
        WarmHeap heap = new(isCollecting: !TryStopCollecting());
        if (!heap._isCollecting)
        {
            // Objects are laid one behind the other. Should they not be, or should the kernel not know the advice, nothing is gained.
            const int PopulateWrite = 23; // MADV_POPULATE_WRITE
            const nint PageMask = 4095;
            object next = new();
            nint start = (*(nint*)Unsafe.AsPointer(ref next) + PageMask) & ~PageMask;
            _ = LibC.madvise((void*)start, Bytes, PopulateWrite);
        }

        return heap;
    }

    /// <summary>Lets objects be collected again; may be called twice.</summary>
    public void Dispose()
    {
        if (!_isCollecting)
        {
            _isCollecting = true;
            try
            {
                GC.EndNoGCRegion();
            }
            catch (InvalidOperationException)
            {
                // More was allocated, so they are collected already.
            }
        }
    }

    private static bool TryStopCollecting()
    {
        try
        {
            return GC.TryStartNoGCRegion(2 * Bytes);
        }
        catch (InvalidOperationException)
        {
            // Another restore in this program has.
            return false;
        }
    }
}
