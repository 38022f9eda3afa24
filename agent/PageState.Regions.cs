using LazyRestore.Agent.State;

namespace LazyRestore.Agent;

public sealed unsafe partial class PageState
{
    private const ulong SecondTable = 1UL << 63;
    private const int CountShift = 32;
    private const ulong ProcessedMask = uint.MaxValue;
    private const ulong CountMask = 0x7FFF_FFFFUL << CountShift;

    /// <summary>The regions as they were when the process was restored.</summary>
    internal ReadOnlySpan<RegionEntry> InitialRegions => new(_base + _layout.Initial, checked((int)Header->InitialRegionCount));

    /// <summary>The regions as they are now.</summary>
    internal ReadOnlySpan<RegionEntry> Regions =>
        new(Table(valid: true), (int)((Header->Progress & CountMask) >> CountShift));

    /// <summary>The buffer for the next region table.</summary>
    internal Span<RegionEntry> NextRegions => new(Table(valid: false), checked((int)Header->RegionCapacity));

    /// <summary>How many messages of the buffer are dealt with.</summary>
    internal int Processed => (int)(Header->Progress & ProcessedMask);

    /// <summary>Records that messages are dealt with that leave the regions as they are.</summary>
    internal void SetProcessed(int processed) =>
        Volatile.Write(ref Header->Progress, (Header->Progress & ~ProcessedMask) | (uint)processed);

    /// <summary>Makes the next region table the valid one and its message dealt with, in one store.</summary>
    internal void SetRegions(int count, int processed)
    {
        ulong table = (Header->Progress & SecondTable) ^ SecondTable;
        Volatile.Write(ref Header->Progress, table | ((ulong)(uint)count << CountShift) | (uint)processed);
    }

    private byte* Table(bool valid) =>
        _base + (((Header->Progress & SecondTable) != 0) == valid ? _layout.TableB : _layout.TableA);
}
