namespace LazyRestore.Tools.Dump.Memory;

/// <summary>What goes into an image of one space of pages: the address space, or a memory object.</summary>
/// <param name="Space">The space.</param>
/// <param name="Source">Where its pages are read.</param>
/// <param name="Ranges">Its pages that hold data, in ascending order.</param>
internal sealed record SpaceContent(int Space, PageSource Source, IReadOnlyList<PageRange> Ranges) : IDisposable
{
    /// <summary>How many pages hold data.</summary>
    public long Pages => Ranges.Sum(range => range.Pages);

    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();
}
