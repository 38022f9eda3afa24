using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Caching;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.Agent.Tests.Server;
using LazyRestore.Agent.Tests.Sources.Objects;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Sources.Caching;

/// <summary>Images that are fetched once: whatever becomes of the files of the cache, no page is ever wrong.</summary>
public sealed class CachedImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-cache-").FullName;

    [Fact]
    public void TheSecondTimeNeedsNoServer()
    {
        using ServedImage served = new(ExtentCodec.None);
        string location;
        using (WebServer server = new(File.ReadAllBytes(served.FilePath)))
        {
            location = Cached(server);
            ReadAll(location);
        }

        ReadAll(location);
        VerifyAll(location);
    }

    [Fact]
    public void WhatIsReadByOffsetIsKeptAsWell()
    {
        using ServedImage served = new(ExtentCodec.Zstd);
        string location;
        using (WebServer server = new(File.ReadAllBytes(served.FilePath)))
        {
            location = Cached(server);
            VerifyAll(location);
        }

        ReadAll(location);
    }

    [Fact]
    public void DamageIsNoticedFetchedAgainAndPutRight()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        string location = Cached(server);
        ReadAll(location);
        int asked = server.Asked.Count;
        foreach (string file in Files())
        {
            using FileStream stream = new(file, FileMode.Open);
            stream.Seek(stream.Length / 2, SeekOrigin.Begin);
            stream.Write(new byte[5000]);
        }

        ReadAll(location);
        Assert.True(server.Asked.Count > asked + 2);
        asked = server.Asked.Count;
        VerifyAll(location);
        Assert.Equal(asked + 2, server.Asked.Count);
    }

    /// <summary>What a process leaves that is killed: files of full length with holes, files that are cut, and files that nobody knows.</summary>
    [Fact]
    public void HalfWrittenFilesAreFilledUp()
    {
        using ServedImage served = new(ExtentCodec.Lz4);
        string location;
        using (WebServer server = new(File.ReadAllBytes(served.FilePath)))
        {
            location = Cached(server);
            ReadAll(location);
            int number = 0;
            foreach (string file in Files())
            {
                using FileStream stream = new(file, FileMode.Open);
                long length = stream.Length;
                stream.SetLength(length * (number++ % 3) / 3);
                stream.SetLength(number % 2 == 0 ? length : stream.Length);
            }

            ReadAll(location);
        }

        ReadAll(location);
    }

    [Fact]
    public void TwoAtOnceShareIt()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        string location = Cached(server);
        Parallel.Invoke(() => ReadAll(location), () => ReadAll(location), () => VerifyAll(location));

        // Only what the image is.
        int asked = server.Asked.Count;
        VerifyAll(location);
        Assert.Equal(asked + 2, server.Asked.Count);
    }

    [Fact]
    public void AnotherImageUnderTheNameIsNoticedWhileTheServerAnswers()
    {
        using ServedImage first = new(ExtentCodec.None);
        using ServedImage second = new(ExtentCodec.Lz4);
        using WebServer server = new(File.ReadAllBytes(first.FilePath));
        string location = Cached(server);
        ReadAll(location);
        (server.Content, server.Tag) = (File.ReadAllBytes(second.FilePath), "\"two\"");
        using CheckpointImage image = ImageOpener.Open(location);
        Assert.Equal(second.Image.Bytes.Length, image.Bytes.Length);
    }

    /// <summary>One lies, one falls silent in the middle; what is kept is right, and all of it is.</summary>
    [Fact]
    public void WhatSeveralServersSendIsKept()
    {
        using ServedImage served = new(ExtentCodec.None);
        string liar = Path.Combine(_folder, "liar");
        File.Copy(served.FilePath, liar);
        using (FileStream stream = new(liar, FileMode.Open, FileAccess.Write))
        {
            stream.Position = served.Image.Index.Entries[0].PayloadOffset + 50;
            stream.Write("damage"u8);
        }

        string[] sockets = [.. new[] { "liar", "behind", "honest", "proxy" }.Select(name => Path.Combine(_folder, name + ".socket"))];
        RemoteReplicas replicas = new([.. new[] { 0, 3, 2 }.Select(place => RemoteLocation.Parse("unix:" + sockets[place]))], new RemoteCredentials());
        string location = new CachedLocation(replicas.Text, _folder, 1L << 30).Text;
        using (ServerAtSocket first = new(liar, sockets[0]))
        using (ServerAtSocket second = new(served.FilePath, sockets[1]))
        using (TroublesomeProxy proxy = new(sockets[3], sockets[1], Mischief.Stall))
        using (ServerAtSocket third = new(served.FilePath, sockets[2]))
        {
            proxy.Begin();
            ReadAll(location);
        }

        ReadAll(location);
        VerifyAll(location);
    }

    [Fact]
    public void AServerThatRefusesIsBelieved()
    {
        using ServedImage served = new(ExtentCodec.None);
        using WebServer server = new(File.ReadAllBytes(served.FilePath));
        string location = Cached(server);
        ReadAll(location);
        server.Play(WebMischief.Forbid, int.MaxValue);
        Assert.Contains("forbidden", Assert.ThrowsAny<LazyRestoreException>(() => ImageOpener.Open(location)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Cached(WebServer server) => new CachedLocation(server.Address, _folder, 1L << 30).Text;

    private IEnumerable<string> Files() => Directory.EnumerateDirectories(Path.Combine(_folder, "lazyrestore-1"))
        .SelectMany(Directory.EnumerateFiles).Where(static file => !Path.GetFileName(file).StartsWith("at-", StringComparison.Ordinal));

    private static void ReadAll(string location)
    {
        using CheckpointImage image = ImageOpener.Open(location, ServerAtSocket.Short);
        using RemotePages pages = new(image);
        for (int extent = 0; extent < ServedImage.Extents; extent++)
        {
            // Pages that a thread waits for, and then all of it.
            for (int page = 0; page < ImageLayout.PagesPerExtent; page += 40)
            {
                pages.Check((extent * ImageLayout.PagesPerExtent) + page);
            }

            for (int page = 0; page < ImageLayout.PagesPerExtent; page++)
            {
                Assert.Equal(FetchOutcome.Ready, pages.Await(() => pages.Source.AskAhead(extent, page, ImageLayout.PagesPerExtent)));
            }
        }
    }

    private static void VerifyAll(string location)
    {
        using CheckpointImage image = ImageOpener.Open(location, ServerAtSocket.Short);
        Assert.True(image.Verify().IsIntact);
    }
}
