using System.Numerics;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.State;

/// <summary>A source that knows which pages it has, and counts how often it was asked; it has no content.</summary>
internal sealed class ScatteredPages : IPageSource
{
    private readonly ulong[][] _presence;

    public ScatteredPages(ulong start, params ulong[][] presence)
    {
        _presence = presence;
        Catalog = new ExtentCatalog(
            [.. presence.Select((_, extent) => start + ((ulong)extent * ImageLayout.ExtentSpan))],
            [.. presence.Select(words => (ushort)words.Sum(BitOperations.PopCount))]);
    }

    public ExtentCatalog Catalog { get; }

    public LazyRestoreException? Problem => null;

    public SourceTraffic Traffic => default;

    public int Openings { get; private set; }

    public FetchOutcome Open(int extent, out ReadOnlySpan<ulong> presence)
    {
        Openings++;
        presence = _presence[extent];
        return FetchOutcome.Ready;
    }

    public FetchOutcome Fetch(int extent, int page, int count, out FetchedPages fetched) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    public unsafe FetchOutcome FetchInto(int extent, int page, int count, byte* destination) => FetchOutcome.Damaged;
}
