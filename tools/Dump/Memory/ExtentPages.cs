using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>The pages to be stored of one 2 MiB extent.</summary>
/// <param name="Address">Space and address of the extent's first page.</param>
/// <param name="Present">Pages that hold data.</param>
/// <param name="KeepZero">Those of them that are stored even when they are zero.</param>
public readonly record struct ExtentPages(ExtentAddress Address, PagePresence Present, PagePresence KeepZero)
{
    /// <summary>Cuts ranges at the borders of extents.</summary>
    /// <param name="space">The space they are in.</param>
    /// <param name="ranges">Ranges in ascending order.</param>
    public static IEnumerable<ExtentPages> Of(int space, IEnumerable<PageRange> ranges)
    {
        ExtentAddress current = new(space, ulong.MaxValue);
        PagePresence present = default;
        PagePresence keepZero = default;
        foreach (PageRange range in ranges)
        {
            for (ulong at = range.Start; at < range.End;)
            {
                ulong extent = at & ~(ulong)(ImageLayout.ExtentSpan - 1);
                if (extent != current.Address)
                {
                    if (current.Address != ulong.MaxValue)
                    {
                        yield return new ExtentPages(current, present, keepZero);
                    }

                    (current, present, keepZero) = (new ExtentAddress(space, extent), default, default);
                }

                ulong end = Math.Min(range.End, extent + (ulong)ImageLayout.ExtentSpan);
                PageRun run = new((int)((at - extent) / PageRange.PageSize), (int)((end - at) / PageRange.PageSize));
                present.Set(run);
                if (range.KeepZero)
                {
                    keepZero.Set(run);
                }

                at = end;
            }
        }

        if (current.Address != ulong.MaxValue)
        {
            yield return new ExtentPages(current, present, keepZero);
        }
    }
}
