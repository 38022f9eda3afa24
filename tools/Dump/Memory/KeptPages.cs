using System.Runtime.InteropServices;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Pages that were read while the process was frozen, because it would have changed them before they are written.</summary>
public sealed unsafe class KeptPages : PageSource
{
    private readonly Dictionary<ulong, (PagePresence Present, nint Content)> _extents = [];

    private KeptPages()
    {
    }

    /// <summary>Reads pages into memory.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="ranges">Which ones, in ascending order.</param>
    /// <param name="cancellation">Gives up.</param>
    public static KeptPages Read(PageSource source, IEnumerable<PageRange> ranges, CancellationToken cancellation)
    {
        KeptPages kept = new();
        try
        {
            foreach (ExtentPages extent in ExtentPages.Of(ExtentAddress.Process, ranges))
            {
                cancellation.ThrowIfCancellationRequested();
                int length = extent.Present.Count * PageRange.PageSize;
                nint content = (nint)NativeMemory.Alloc((nuint)length);
                kept._extents.Add(extent.Address.Address, (extent.Present, content));
                source.Read(extent.Address.Address, extent.Present, new Span<byte>((void*)content, length));
            }

            return kept;
        }
        catch
        {
            kept.Dispose();
            throw;
        }
    }

    /// <summary>Which pages of an extent are here.</summary>
    public PagePresence PresentIn(ulong address) => _extents.TryGetValue(address, out (PagePresence Present, nint) extent) ? extent.Present : default;

    /// <inheritdoc/>
    public override void Read(ulong address, in PagePresence pages, Span<byte> destination)
    {
        (PagePresence present, nint content) = _extents[address];
        foreach (PageRun run in pages.Runs())
        {
            int length = run.Count * PageRange.PageSize;
            new ReadOnlySpan<byte>((byte*)content + ((nint)present.Rank(run.Start) * PageRange.PageSize), length).CopyTo(destination);
            destination = destination[length..];
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach ((PagePresence _, nint content) in _extents.Values)
        {
            NativeMemory.Free((void*)content);
        }

        _extents.Clear();
    }
}
