using System.Runtime.InteropServices;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>The pages of a <see cref="ServedImage"/> that is elsewhere, as an agent thread gets them.</summary>
internal sealed class RemotePages(CheckpointImage image) : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    internal IAwaitedPageSource Source { get; } = (IAwaitedPageSource)PageSources.Of(image, ExtentAddress.Process);

    public void Dispose() => Source.Dispose();

    internal void CheckAll()
    {
        for (int page = 0; page < ServedImage.Pages; page++)
        {
            Check(page);
        }
    }

    internal unsafe void Check(int page, bool isDamaged = false)
    {
        (int extent, int place) = Math.DivRem(page, ImageLayout.PagesPerExtent);
        ReadOnlySpan<ulong> presence = default;
        Assert.Equal(FetchOutcome.Ready, Await(() => Source.OpenFor(extent, place, 16)));
        Assert.Equal(FetchOutcome.Ready, Source.Open(extent, out presence));
        bool isStored = (presence[place >> 6] >> (place & 63) & 1) != 0;
        Assert.Equal(ServedImage.Expected(page, 1) == "i", isStored);
        if (!isStored)
        {
            return;
        }

        _ = Source.AskAhead(extent, 0, ImageLayout.PagesPerExtent);
        FetchedPages fetched = default;
        FetchOutcome outcome = Await(() => Source.Fetch(extent, place, 1, out fetched));
        Assert.True(outcome == (isDamaged ? FetchOutcome.Damaged : FetchOutcome.Ready), $"page {page}: {outcome}, {Source.Problem}");
        if (isDamaged)
        {
            return;
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(new ReadOnlySpan<byte>((void*)fetched.Address, ImageLayout.PageSize));
        for (int word = 0; word < words.Length; word++)
        {
            Assert.Equal((ServedImage.At(page) + ((ulong)word * 8)) ^ 0x5A5A, words[word]);
        }
    }

    internal FetchOutcome Await(Func<FetchOutcome> ask)
    {
        FetchOutcome outcome = FetchOutcome.Awaited;
        bool isKnown = SpinWait.SpinUntil(
            () =>
            {
                _ = Source.TakeAnnouncement();
                outcome = ask();
                return outcome != FetchOutcome.Awaited;
            },
            s_deadline);
        Assert.True(isKnown, $"a page does not come: {Source.Health.Now}");
        return outcome;
    }
}
