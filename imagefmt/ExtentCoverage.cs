using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>The memory that extents can be of: VMAs with content of their own, and memory objects.</summary>
internal sealed class ExtentCoverage(Checkpoint checkpoint)
{
    private readonly Dictionary<int, IReadOnlyList<VmaRecord>> _vmas = checkpoint.Processes.ToDictionary(one => one.Process.Space, one => one.Vmas);
    private readonly Dictionary<int, long> _objectSizes = checkpoint.Objects.ToDictionary(o => o.Id, o => o.Size);

    /// <summary>The pages of an extent that there is memory for.</summary>
    public PagePresence Of(ExtentAddress address)
    {
        PagePresence pages = default;
        if (!_vmas.TryGetValue(address.Space, out IReadOnlyList<VmaRecord>? vmas))
        {
            Cover(ref pages, address.Address, 0, (ulong)_objectSizes.GetValueOrDefault(address.Space));
            return pages;
        }

        for (int place = FirstEndingAfter(vmas, address.Address); place < vmas.Count; place++)
        {
            VmaRecord vma = vmas[place];
            if (vma.Start > address.Address && vma.Start - address.Address >= ImageLayout.ExtentSpan)
            {
                break;
            }

            if (vma.Kind is VmaKind.Anonymous or VmaKind.PrivateFile or VmaKind.PrivateObject or VmaKind.Vdso)
            {
                Cover(ref pages, address.Address, vma.Start, vma.End);
            }
        }

        return pages;
    }

    /// <summary>The first VMA that ends after an address.</summary>
    private static int FirstEndingAfter(IReadOnlyList<VmaRecord> vmas, ulong address)
    {
        int low = 0;
        int high = vmas.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = vmas[middle].End <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Marks the pages of the extent at <paramref name="address"/> that a range touches.</summary>
    private static void Cover(ref PagePresence pages, ulong address, ulong start, ulong end)
    {
        if (end <= address)
        {
            return;
        }

        ulong first = start > address ? (start - address) / ImageLayout.PageSize : 0;
        ulong last = Math.Min((end - address - 1) / ImageLayout.PageSize, ImageLayout.PagesPerExtent - 1);
        if (first <= last)
        {
            pages.Set(new PageRun((int)first, (int)(last - first) + 1));
        }
    }
}
