using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>The address space of a snapshot: pages of the copy, and those that did not come along in it.</summary>
/// <param name="copied">Reads the copy's pages.</param>
/// <param name="kept">The others.</param>
public sealed class SnapshotPages(PageSource copied, KeptPages kept) : PageSource
{
    /// <inheritdoc/>
    public override void Read(ulong address, in PagePresence pages, Span<byte> destination)
    {
        PagePresence ours = kept.PresentIn(address);
        if (ours.Count == 0)
        {
            copied.Read(address, pages, destination);
            return;
        }

        foreach (PageRun run in pages.Runs())
        {
            for (int start = run.Start; start < run.Start + run.Count;)
            {
                PageRun part = new(start, LengthOfPart(ours, start, run.Start + run.Count));
                PagePresence wanted = default;
                wanted.Set(part);
                int length = part.Count * PageRange.PageSize;
                (ours[start] ? kept : copied).Read(address, wanted, destination[..length]);
                destination = destination[length..];
                start += part.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        copied.Dispose();
        kept.Dispose();
    }

    private static int LengthOfPart(in PagePresence ours, int start, int end)
    {
        int page = start + 1;
        while (page < end && ours[page] == ours[start])
        {
            page++;
        }

        return page - start;
    }
}
