using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Inspect;

/// <summary>Where the pages of a process's mappings stand in an image. Reads heads of extents, never pages, unless one is asked for.</summary>
internal sealed class StoredPages(CheckpointImage image, Checkpoint process)
{
    private readonly int _space = process.Process.Space;

    /// <summary>The mapping that holds an address; null when there is none.</summary>
    public VmaRecord? MappingOf(ulong address) =>
        process.Vmas.FirstOrDefault(vma => vma.Start <= address && address < vma.End);

    /// <summary>How many pages of a mapping the image holds; pages of a shared object count in every mapping that shows them.</summary>
    public long CountIn(VmaRecord vma) => vma.Kind switch
    {
        VmaKind.Object => Count(vma.BackingId, vma.Offset, vma.Offset + vma.Length),
        _ => Count(_space, vma.Start, vma.End),
    };

    /// <summary>Finds the page at an address of a mapping; null when the image does not hold it.</summary>
    public StoredPage? Find(VmaRecord vma, ulong address)
    {
        ulong inObject = address - vma.Start + vma.Offset;
        return vma.Kind switch
        {
            VmaKind.Object => Find(vma.BackingId, inObject),
            VmaKind.PrivateObject => Find(_space, address) ?? Find(vma.BackingId, inObject),
            _ => Find(_space, address),
        };
    }

    private StoredPage? Find(int space, ulong address)
    {
        if (image.Index.Find(space, address) is not { } entry)
        {
            return null;
        }

        ExtentHeader header = image.ReadHeader(entry);
        int page = PageIn(entry, address);
        if (!header.Presence[page])
        {
            return null;
        }

        int ordinal = header.Presence.Rank(page);
        byte[] content = new byte[ImageLayout.PageSize];
        image.ReadPage(entry, header, ordinal, content);
        return new StoredPage(entry, header.PageChecksumOf(ordinal), content);
    }

    private long Count(int space, ulong start, ulong end)
    {
        long count = 0;
        foreach (ExtentEntry entry in image.Index.InSpace(space))
        {
            ulong first = Math.Max(start, entry.Address.Address);
            ulong last = Math.Min(end, entry.Address.Address + ImageLayout.ExtentSpan);
            if (first >= last)
            {
                continue;
            }

            // Most extents lie in one mapping, and the index knows how much they hold.
            count += last - first is ImageLayout.ExtentSpan
                ? entry.PresentPages
                : CountIn(image.ReadHeader(entry).Presence, PageIn(entry, first), (int)((last - first) / ImageLayout.PageSize));
        }

        return count;
    }

    private static int CountIn(PagePresence presence, int first, int pages) => presence.Rank(first + pages) - presence.Rank(first);

    private static int PageIn(ExtentEntry entry, ulong address) =>
        (int)((address - entry.Address.Address) / ImageLayout.PageSize);
}
