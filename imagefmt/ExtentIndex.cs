using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>All extents of an image, by space and address.</summary>
public sealed class ExtentIndex
{
    private readonly ExtentEntry[] _entries;

    /// <summary>Makes an index of entries that are in strictly ascending order.</summary>
    internal ExtentIndex(ExtentEntry[] entries)
    {
        _entries = entries;
        foreach (ref readonly ExtentEntry entry in entries.AsSpan())
        {
            TotalPages += entry.PresentPages;
            PayloadBytes += entry.PayloadLength;
            LargestExtentPages = Math.Max(LargestExtentPages, entry.PresentPages);
        }
    }

    /// <summary>The extents in ascending order.</summary>
    public IReadOnlyList<ExtentEntry> Entries => _entries;

    /// <summary>How many pages the image holds.</summary>
    public long TotalPages { get; }

    /// <summary>How many bytes they take in the image.</summary>
    public long PayloadBytes { get; }

    /// <summary>How many pages the fullest extent holds; 0 when there is none.</summary>
    internal int LargestExtentPages { get; }

    /// <summary>The extent that covers an address of a space; null when no page near it is stored.</summary>
    public ExtentEntry? Find(int space, ulong address)
    {
        int place = Place(ExtentAddress.Containing(space, address));
        return place >= 0 ? _entries[place] : null;
    }

    /// <summary>The extents of a space in ascending order, a view without a copy.</summary>
    public ArraySegment<ExtentEntry> InSpace(int space)
    {
        int start = Lower(new ExtentAddress(space, 0));
        int end = space == int.MaxValue ? _entries.Length : Lower(new ExtentAddress(space + 1, 0));
        return new ArraySegment<ExtentEntry>(_entries, start, end - start);
    }

    private int Lower(ExtentAddress address)
    {
        int place = Place(address);
        return place >= 0 ? place : ~place;
    }

    /// <summary>Where an extent stands, or the complement of where it would.</summary>
    private int Place(ExtentAddress address)
    {
        int low = 0;
        int high = _entries.Length - 1;
        while (low <= high)
        {
            int middle = (int)(((uint)low + (uint)high) >> 1);
            int order = _entries[middle].Address.CompareTo(address);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
