using System.Net.Sockets;
using System.Runtime.InteropServices;
using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>Pages through a proxy that does to the bytes what networks and liars do: none is ever wrong.</summary>
public sealed class RemotePageSourceTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(ExtentCodec.None, Mischief.None)]
    [InlineData(ExtentCodec.Zstd, Mischief.None)]
    [InlineData(ExtentCodec.None, Mischief.Cut)]
    [InlineData(ExtentCodec.Lz4, Mischief.Cut)]
    [InlineData(ExtentCodec.None, Mischief.Corrupt)]
    [InlineData(ExtentCodec.Lz4, Mischief.Corrupt)]
    [InlineData(ExtentCodec.None, Mischief.Duplicate)]
    internal async Task EveryPageComesAndIsRight(ExtentCodec codec, Mischief mischief)
    {
        using ServedImage served = new(codec);
        string folder = Directory.CreateTempSubdirectory("lazyrestore-remote-").FullName;
        try
        {
            string path = Path.Combine(folder, "server");
            using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            using CancellationTokenSource end = new();
            using PageServer server = new(served.FilePath, static _ => { });
            Task serving = server.ListenAsync(listener, end.Token);
            using (TroublesomeProxy proxy = new(Path.Combine(folder, "proxy"), path, mischief))
            using (CheckpointImage image = ImageOpener.Open("unix:" + proxy.Path))
            using (IPageSource source = PageSources.Of(image, ExtentAddress.Process))
            {
                proxy.Begin();
                for (int page = 0; page < ServedImage.Pages; page++)
                {
                    Check((IAwaitedPageSource)source, page);
                }
            }

            await end.CancelAsync();
            await serving.WaitAsync(s_deadline);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static unsafe void Check(IAwaitedPageSource source, int page)
    {
        (int extent, int place) = Math.DivRem(page, ImageLayout.PagesPerExtent);
        ReadOnlySpan<ulong> presence = default;
        Await(source, () => source.OpenFor(extent, place, 16));
        Assert.Equal(FetchOutcome.Ready, source.Open(extent, out presence));
        bool isStored = (presence[place >> 6] >> (place & 63) & 1) != 0;
        Assert.Equal(ServedImage.Expected(page, 1) == "i", isStored);
        if (!isStored)
        {
            return;
        }

        _ = source.AskAhead(extent, 0, ImageLayout.PagesPerExtent);
        FetchedPages fetched = default;
        Await(source, () => source.Fetch(extent, place, 1, out fetched));
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(new ReadOnlySpan<byte>((void*)fetched.Address, ImageLayout.PageSize));
        for (int word = 0; word < words.Length; word++)
        {
            Assert.Equal((ServedImage.At(page) + ((ulong)word * 8)) ^ 0x5A5A, words[word]);
        }
    }

    internal static void Await(IAwaitedPageSource source, Func<FetchOutcome> ask)
    {
        bool isReady = SpinWait.SpinUntil(
            () =>
            {
                _ = source.TakeAnnouncement();
                FetchOutcome outcome = ask();
                Assert.True(outcome != FetchOutcome.Damaged, source.Problem?.ToString());
                return outcome == FetchOutcome.Ready;
            },
            s_deadline);
        Assert.True(isReady, "a page does not come");
    }
}
