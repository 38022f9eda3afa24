using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Pushing;

/// <summary>Neighbouring pages that were pushed; each is the one that was checkpointed.</summary>
/// <param name="Extent">The extent, an index into the catalog of the source.</param>
/// <param name="Page">The first page's place in it.</param>
/// <param name="Count">How many they are.</param>
/// <param name="Buffer">The pages, from its beginning on; pinned.</param>
internal readonly record struct PushedRun(int Extent, int Page, int Count, byte[] Buffer)
{
    /// <summary>The place behind the last page.</summary>
    internal int End => Page + Count;

    /// <summary>Where a page of the extent is.</summary>
    internal nint AddressOf(int page) =>
        System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(Buffer, (page - Page) * ImageLayout.PageSize);
}
