namespace LazyRestore.Agent.State;

/// <summary>Where the parts of a state file begin, in bytes. Parts that are never written take no memory.</summary>
internal readonly record struct StateLayout
{
    /// <summary>Bytes kept for each extent: 512 bits settled, 512 bits dropped.</summary>
    internal const int ExtentBytes = 128;

    private const long Page = 4096;

    /// <summary>Computes the layout for an image and a number of regions.</summary>
    public unsafe StateLayout(long extentCount, long regionCapacity)
    {
        Initial = Align(sizeof(StateHeader));
        TableA = Align(Initial + (regionCapacity * sizeof(RegionEntry)));
        TableB = Align(TableA + (regionCapacity * sizeof(RegionEntry)));
        Opened = Align(TableB + (regionCapacity * sizeof(RegionEntry)));
        Extents = Align(Opened + ((extentCount + 63) / 64 * 8));
        Length = Align(Extents + (extentCount * ExtentBytes));
    }

    /// <summary>The regions as they were at first.</summary>
    public long Initial { get; }

    /// <summary>One of the two tables of current regions.</summary>
    public long TableA { get; }

    /// <summary>The other one.</summary>
    public long TableB { get; }

    /// <summary>A bit per extent: whether its settled bits count already.</summary>
    public long Opened { get; }

    /// <summary>The page bits.</summary>
    public long Extents { get; }

    /// <summary>The file's length.</summary>
    public long Length { get; }

    private static long Align(long offset) => (offset + Page - 1) & ~(Page - 1);
}
