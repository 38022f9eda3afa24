using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Sources;

/// <summary>Where the extents of a process lie and how many pages each holds: what a source has to offer, without the pages.</summary>
public sealed class ExtentCatalog
{
    private readonly ulong[] _addresses;
    private readonly ushort[] _presentPages;
    private int _lastHit;

    /// <summary>Creates a catalog.</summary>
    /// <param name="addresses">First addresses, ascending, multiples of <see cref="ImageLayout.ExtentSpan"/>.</param>
    /// <param name="presentPages">How many pages each extent holds.</param>
    public ExtentCatalog(ulong[] addresses, ushort[] presentPages)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(presentPages.Length, addresses.Length, nameof(presentPages));
        _addresses = addresses;
        _presentPages = presentPages;
    }

    /// <summary>How many extents there are.</summary>
    public int Count => _addresses.Length;

    /// <summary>The first address of an extent.</summary>
    public ulong Address(int extent) => _addresses[extent];

    /// <summary>How many pages of an extent are stored.</summary>
    public int PresentPages(int extent) => _presentPages[extent];

    /// <summary>The extent that covers an address; -1 when none does. To be called from one thread only.</summary>
    public int Find(ulong address)
    {
        ulong first = address & ~(ulong)(ImageLayout.ExtentSpan - 1);
        if (_lastHit < _addresses.Length && _addresses[_lastHit] == first)
        {
            return _lastHit;
        }

        int found = Array.BinarySearch(_addresses, first);
        if (found >= 0)
        {
            _lastHit = found;
            return found;
        }

        return -1;
    }

    /// <summary>The first extent that ends after an address; <see cref="Count"/> when there is none.</summary>
    public int FirstEndingAfter(ulong address)
    {
        int found = Array.BinarySearch(_addresses, address & ~(ulong)(ImageLayout.ExtentSpan - 1));
        return found >= 0 ? found : ~found;
    }
}
