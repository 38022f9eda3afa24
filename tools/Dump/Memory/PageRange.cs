namespace LazyRestore.Tools.Dump.Memory;

/// <summary>Neighbouring pages that hold data.</summary>
/// <param name="Start">Address, or offset in a memory object, of the first one.</param>
/// <param name="End">The first address after them.</param>
/// <param name="KeepZero">
/// Whether pages of nothing but zeros are stored too: where a file's content would show otherwise.
/// </param>
public readonly record struct PageRange(ulong Start, ulong End, bool KeepZero)
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 4096;

    /// <summary>How many pages.</summary>
    public long Pages => (long)((End - Start) / PageSize);
}
