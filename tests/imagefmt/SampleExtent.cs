using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>An extent before it is encoded.</summary>
internal sealed record SampleExtent(ExtentAddress Address, ExtentCodec Codec, PagePresence Presence, byte[] Pages)
{
    /// <summary>Four extents that fit <see cref="Samples.All"/>.</summary>
    public static IReadOnlyList<SampleExtent> Some(ExtentCodec codec) =>
    [
        Of(new ExtentAddress(0, Samples.Heap), codec, 1, [.. Enumerable.Range(0, 40), 63, 64, 511]),
        Of(new ExtentAddress(0, Samples.Heap + ImageLayout.ExtentSpan), codec, 2, [511]),
        Of(new ExtentAddress(0, 0x7fff_ffe0_0000), codec, 3, [507, 508, 509, 510]),
        Of(new ExtentAddress(1, ImageLayout.ExtentSpan), codec, 4, [0, 2, 4]),
    ];

    public static SampleExtent Of(ExtentAddress address, ExtentCodec codec, int seed, IReadOnlyList<int> pages)
    {
        PagePresence presence = default;
        foreach (int page in pages)
        {
            presence.Set(page);
        }

        return new SampleExtent(address, codec, presence, Samples.Pages(pages.Count, seed));
    }
}
