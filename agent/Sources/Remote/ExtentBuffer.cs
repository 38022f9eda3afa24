using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources.Remote;

/// <summary>
/// The pages of an extent that have come, each at its ordinal. What has arrived is verified and never written to again while the extent is in the
/// buffer. Bits are by ordinal: the fetching tasks set those of arrived and failed pages, the agent thread has the rest.
/// </summary>
internal sealed unsafe class ExtentBuffer : IDisposable
{
    private const int Words = ImageLayout.PagesPerExtent / 64;
    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(ImageLayout.ExtentSpan, ImageLayout.PageSize);
    private readonly ulong[] _arrived = new ulong[Words];
    private readonly ulong[] _failed = new ulong[Words];
    private int _inFlight;

    /// <summary>The extent; -1 for none.</summary>
    internal int Extent { get; private set; } = -1;

    /// <summary>Pages, not ordinals, that are asked for because somebody waits for them.</summary>
    internal ulong[] Demanded { get; } = new ulong[Words];

    /// <summary>Pages, not ordinals, that are asked for ahead.</summary>
    internal ulong[] Ahead { get; } = new ulong[Words];

    /// <summary>When the agent thread looked at it last.</summary>
    internal long LastUse { get; set; }

    /// <summary>How many announcements had been taken when something arrived last.</summary>
    internal long LastArrival { get; set; }

    /// <summary>How many requests fill it.</summary>
    internal int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Whether any page cannot be had.</summary>
    internal bool HasFailures => _failed.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>Begins with another extent; nothing is in flight.</summary>
    internal void Reset(int extent)
    {
        Extent = extent;
        Array.Clear(_arrived);
        Array.Clear(_failed);
        Array.Clear(Demanded);
        Array.Clear(Ahead);
    }

    /// <summary>A request begins or ends.</summary>
    internal void Count(int change) => Interlocked.Add(ref _inFlight, change);

    /// <summary>Where the page with an ordinal is, or goes.</summary>
    internal byte* Page(int ordinal) => _memory + ((long)ordinal * ImageLayout.PageSize);

    /// <summary>Whether a page is here.</summary>
    internal bool HasArrived(int ordinal) => Has(_arrived, ordinal);

    /// <summary>Whether a page cannot be had.</summary>
    internal bool HasFailed(int ordinal) => Has(_failed, ordinal);

    /// <summary>How many pages are here from an ordinal on, without a gap.</summary>
    internal int ArrivedFrom(int ordinal, int limit)
    {
        int count = 0;
        while (count < limit && ordinal + count < ImageLayout.PagesPerExtent && HasArrived(ordinal + count))
        {
            count++;
        }

        return count;
    }

    /// <summary>Takes a page whose checksum was verified.</summary>
    internal void Arrive(int ordinal, ReadOnlySpan<byte> page)
    {
        if (!HasArrived(ordinal))
        {
            page.CopyTo(new Span<byte>(Page(ordinal), ImageLayout.PageSize));
            _ = Interlocked.Or(ref _arrived[ordinal >> 6], 1UL << (ordinal & 63));
        }
    }

    /// <summary>Notes that a page cannot be had.</summary>
    internal void Fail(int ordinal) => _ = Interlocked.Or(ref _failed[ordinal >> 6], 1UL << (ordinal & 63));

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private static bool Has(ulong[] bits, int ordinal) => (Volatile.Read(ref bits[ordinal >> 6]) >> (ordinal & 63) & 1) != 0;
}
