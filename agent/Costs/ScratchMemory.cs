using LazyRestore.ImageFormat;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Costs;

/// <summary>
/// Two ranges of native memory of this process, to place pages from one to the other. Managed code never reads or writes the second one:
/// it is registered with a userfaultfd that nobody serves.
/// </summary>
internal sealed unsafe class ScratchMemory : IDisposable
{
    private readonly byte* _mapping;
    private readonly ulong _mapped;

    /// <summary>Reserves the ranges; nothing is in them.</summary>
    /// <param name="length">Bytes of each, a multiple of 2 MiB.</param>
    /// <param name="inHugePages">Whether huge pages are asked for, or declined.</param>
    internal ScratchMemory(ulong length, bool inHugePages)
    {
        Length = length;
        _mapped = (2 * length) + ImageLayout.ExtentSpan;
        void* address = mmap(null, (size_t)_mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, $"{_mapped} bytes to measure with");
        }

        _mapping = (byte*)address;
        Source = (byte*)(((ulong)address + ImageLayout.ExtentSpan - 1) & ~((ulong)ImageLayout.ExtentSpan - 1));
        _ = madvise(_mapping, (size_t)_mapped, inHugePages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    }

    /// <summary>Bytes of each range.</summary>
    internal ulong Length { get; }

    /// <summary>The first range, a multiple of 2 MiB.</summary>
    internal byte* Source { get; }

    /// <summary>The second one, a multiple of 2 MiB.</summary>
    internal ulong Destination => (ulong)Source + Length;

    /// <summary>Writes data into the first bytes of the source.</summary>
    internal void Fill(ulong bytes) => new Span<byte>(Source, (int)bytes).Fill(0x5A);

    /// <summary>Throws away what is in the source.</summary>
    internal void ClearSource() => _ = madvise(Source, (size_t)Length, MADV_DONTNEED);

    /// <summary>Throws away what is in the destination; its userfaultfd must not announce that.</summary>
    internal void ClearDestination() => _ = madvise((void*)Destination, (size_t)Length, MADV_DONTNEED);

    /// <inheritdoc/>
    public void Dispose() => _ = munmap(_mapping, (size_t)_mapped);
}
