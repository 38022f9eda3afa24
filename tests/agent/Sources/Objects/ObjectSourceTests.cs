using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Objects;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Sources.Objects;

/// <summary>Pages out of an image on a web server that does what servers do: none is ever wrong.</summary>
public sealed class ObjectSourceTests
{
    private static readonly ObjectSettings s_settings = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(1),
        LongestPause = TimeSpan.FromMilliseconds(2),
        Silence = TimeSpan.FromMilliseconds(300),
    };

    [Theory]
    [InlineData(ExtentCodec.None, WebMischief.None)]
    [InlineData(ExtentCodec.Lz4, WebMischief.None)]
    [InlineData(ExtentCodec.None, WebMischief.Cut)]
    [InlineData(ExtentCodec.Zstd, WebMischief.Cut)]
    [InlineData(ExtentCodec.None, WebMischief.Corrupt)]
    [InlineData(ExtentCodec.Lz4, WebMischief.Corrupt)]
    [InlineData(ExtentCodec.None, WebMischief.Shift)]
    [InlineData(ExtentCodec.None, WebMischief.LieAboutOffset)]
    [InlineData(ExtentCodec.None, WebMischief.Shorten)]
    [InlineData(ExtentCodec.None, WebMischief.Unavailable)]
    [InlineData(ExtentCodec.None, WebMischief.Silence)]
    [InlineData(ExtentCodec.None, WebMischief.IgnoreRange)]
    [InlineData(ExtentCodec.None, WebMischief.Babble)]
    internal void EveryPageComesAndIsRight(ExtentCodec codec, WebMischief mischief)
    {
        using ServedImage served = new(codec);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        using CheckpointImage image = Open(server);
        using RemotePages pages = new(image);

        // A page is given up when it was damaged three times, so not many such tricks in a row.
        server.Play(mischief, mischief is WebMischief.Corrupt or WebMischief.LieAboutOffset or WebMischief.Silence ? 2 : 8);
        for (int page = 0; page < ServedImage.Pages; page += 13)
        {
            pages.Check(page);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void AnImageThatWasReplacedIsRefused(bool hasTag, bool knowsConditions)
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath)) { KnowsConditions = knowsConditions };
        DateTimeOffset time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        (server.Tag, server.Modified) = hasTag ? (server.Tag, null) : ((string?)null, (DateTimeOffset?)time);
        using CheckpointImage image = Open(server);
        using RemotePages pages = new(image);
        pages.Check(0);

        (server.Tag, server.Modified) = hasTag ? ("\"two\"", null) : ((string?)null, (DateTimeOffset?)time.AddSeconds(1));
        FetchOutcome outcome = FetchOutcome.Awaited;
        int extent = ServedImage.Extents - 1;
        Assert.True(SpinWait.SpinUntil(() => (outcome = pages.Source.OpenFor(extent, 0, 1)) != FetchOutcome.Awaited, TimeSpan.FromSeconds(30)));
        Assert.Equal(FetchOutcome.Damaged, outcome);
        Assert.Equal(FailureReason.SourceUnreachable, pages.Source.Problem!.Reason);
        Assert.Contains("was replaced", pages.Source.Problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", pages.Source.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WebMischief.Unavailable, "503")]
    [InlineData(WebMischief.Forbid, "forbidden")]
    [InlineData(WebMischief.Silence, "silent")]
    internal void AStoreThatGivesNothingIsLostUntilItDoes(WebMischief mischief, string problem)
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        using CheckpointImage image = Open(server, s_settings with { Stall = TimeSpan.FromMilliseconds(50), Silence = TimeSpan.FromSeconds(1) });
        using RemotePages pages = new(image);
        pages.Check(0);
        Assert.False(pages.Source.Health.Now.IsLost);
        server.Play(mischief, int.MaxValue);
        _ = pages.Await(() => pages.Source.OpenFor(1, 0, 1) == FetchOutcome.Awaited && pages.Source.Health.Now.IsLost ? FetchOutcome.Ready : FetchOutcome.Awaited);
        Assert.Contains(problem, pages.Source.Health.Now.Problem, StringComparison.Ordinal);
        server.Play(WebMischief.None, 0);
        pages.Check(ImageLayout.PagesPerExtent);
        Assert.Equal((1, false), (pages.Source.Health.Now.Losses, pages.Source.Health.Now.IsLost));
    }

    [Fact]
    public void ATagThatDoesNotProveEqualityIsNotReliedOn()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath)) { Tag = "W/\"weak\"" };
        using CheckpointImage image = Open(server);
        server.Tag = "W/\"other\"";
        using RemotePages pages = new(image);
        pages.Check(0);
    }

    [Fact]
    public void ConnectionsAreUsedAgainAndNeighboursComeTogether()
    {
        using ServedImage served = new(ExtentCodec.Zstd);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        using CheckpointImage image = Open(server, s_settings with { Streams = 1 });
        using RemotePages pages = new(image);
        int before = server.Asked.Count;

        // Small extents, so the first may be on its way before the others are asked for, but not longer than it takes them to line up.
        server.Play(WebMischief.Unavailable, 1);
        for (int extent = 0; extent < ServedImage.Extents; extent++)
        {
            _ = pages.Source.AskAhead(extent, 0, ImageLayout.PagesPerExtent);
        }

        for (int page = 0; page < ServedImage.Pages; page += 13)
        {
            pages.Check(page);
        }

        Assert.True(server.Connections <= 8, $"{server.Connections} connections");
        (long offset, long length) = server.Asked.Skip(before).MaxBy(static asked => asked.Length);
        Assert.True(length > image.Index.Entries.Max(static entry => entry.EndOffset - entry.RecordOffset), $"no range covers two extents: {offset}+{length}");
    }

    [Fact]
    public void AServerWithoutRangesIsRefusedAtOnce()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        server.Play(WebMischief.IgnoreRange, int.MaxValue);
        LazyRestoreException refused = Assert.ThrowsAny<LazyRestoreException>(() => Open(server));
        Assert.Equal(FailureReason.SourceUnreachable, refused.Reason);
        Assert.Contains("does not know ranges", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatIsBusyForTooLongIsNamed()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath)) { RetryAfter = 3600 };
        server.Play(WebMischief.Unavailable, int.MaxValue);
        LazyRestoreException refused = Assert.ThrowsAny<LazyRestoreException>(() => Open(server, s_settings with { Patience = TimeSpan.FromMilliseconds(200) }));
        Assert.Equal(FailureReason.SourceUnreachable, refused.Reason);
        Assert.Contains("503", refused.Message, StringComparison.Ordinal);
        Assert.Single(server.Asked);
    }

    [Fact]
    public void WhatIsNoImageIsCalledThat()
    {
        using WebServer server = new([.. Enumerable.Range(0, 100_000).Select(static number => (byte)number)]);
        Assert.Equal(FailureReason.DamagedImage, Assert.ThrowsAny<LazyRestoreException>(() => Open(server)).Reason);
    }

    [Fact]
    public void UserAndPasswordAreSentAndNotShown()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        using HttpObject store = new(new Uri(server.Address.Replace("http://", "http://me:p%40ss@", StringComparison.Ordinal)));
        using CheckpointImage image = Open(store, s_settings);
        Assert.Equal("Basic " + Convert.ToBase64String("me:p@ss"u8), server.Authorization);
        Assert.DoesNotContain("p@ss", store.Name, StringComparison.Ordinal);
    }

    private static CheckpointImage Open(WebServer server, ObjectSettings? settings = null) =>
        Open(new HttpObject(new Uri(server.Address)), settings ?? s_settings);

    private static CheckpointImage Open(IObjectStore store, ObjectSettings settings) =>
        CheckpointImage.Open(new RemoteImageBytes(
            Task.Run(() => ObjectImage.OpenAsync(store, new SourceHealth(), settings, CancellationToken.None)).GetAwaiter().GetResult()));
}
