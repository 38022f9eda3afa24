using LazyRestore.Agent.Server;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Sources.Remote;
using LazyRestore.Agent.Tests.Server;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>Images that are on several servers.</summary>
public sealed class ReplicaTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lazyrestore-replicas-").FullName;
    private readonly ServedImage _image = new(ExtentCodec.None);
    private readonly List<IDisposable> _servers = [];

    [Fact]
    public void WhatALyingServerSendsIsAskedForElsewhere()
    {
        Serve("liar", file => Damage(file, 0, 1, 2, 3));
        Serve("honest");
        using CheckpointImage image = Open("liar", "honest");
        using RemotePages pages = new(image);
        pages.CheckAll();
    }

    [Fact]
    public void PagesAreDamagedOnlyWhereNobodyHasThem()
    {
        Serve("first", file => Damage(file, 0, 1));
        Serve("second", file => Damage(file, 1, 2));
        using CheckpointImage image = Open("first", "second");
        using RemotePages pages = new(image);
        for (int page = 0; page < ServedImage.Pages; page++)
        {
            pages.Check(page, isDamaged: page == ImageLayout.PagesPerExtent);
        }
    }

    [Fact]
    public void AServerThatFallsSilentHoldsUpNobody()
    {
        Serve("first");
        Serve("second");
        TroublesomeProxy proxy = new(Socket("proxy"), Socket("first"), Mischief.None);
        _servers.Add(proxy);
        using CheckpointImage image = Open("proxy", "second");
        using RemotePages pages = new(image);
        pages.Check(0);
        proxy.Sever();
        pages.CheckAll();
    }

    [Fact]
    public void AServerThatIsNotThereIsPassedOver()
    {
        Serve("second");
        using CheckpointImage image = Open("none", "second");
        Assert.True(image.Verify().IsIntact);
    }

    [Fact]
    public void AServerWithAnotherImageIsNotAsked()
    {
        Serve("first");
        using ServedImage other = new(ExtentCodec.None, isDense: true);
        _servers.Add(new ServerAtSocket(other.FilePath, Socket("other")));
        TroublesomeProxy proxy = new(Socket("proxy"), Socket("first"), Mischief.None);
        _servers.Add(proxy);
        using CheckpointImage image = Open("proxy", "other");
        using RemotePages pages = new(image);
        proxy.Sever();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _ = pages.Source.Fetch(0, 0, 1, out _);
                return pages.Source.Health.Now is { IsLost: true, Problem: { } problem } && problem.Contains("another image", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(30)));
        proxy.Mend();
        pages.CheckAll();
    }

    [Fact]
    public void WhereReplicasAreSurvivesAsText()
    {
        RemoteReplicas replicas = new(
            [RemoteLocation.Parse("tls://[::1]:9/a%20b"), RemoteLocation.Parse(RemoteLocation.OfCommand("cat = & | x", "name"))],
            new RemoteCredentials { TokenFile = "/a b&c=d", Key = "/k" });
        var again = RemoteReplicas.Parse(replicas.Text);
        Assert.True(RemoteReplicas.IsRemote(replicas.Text));
        Assert.Equal(replicas.Locations, again.Locations);
        Assert.Equal(replicas.Credentials, again.Credentials);
        Assert.Equal("tcp://h:1/n", RemoteReplicas.Parse("tcp://h:1/n").Text);
    }

    public void Dispose()
    {
        _servers.ForEach(static server => server.Dispose());
        _image.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Socket(string name) => Path.Combine(_folder, name + ".socket");

    private CheckpointImage Open(params string[] names) => ImageOpener.Open(
        new RemoteReplicas([.. names.Select(name => RemoteLocation.Parse("unix:" + Socket(name)))], new RemoteCredentials()).Text, ServerAtSocket.Short);

    private void Serve(string name, Action<FileStream>? change = null)
    {
        string file = Path.Combine(_folder, name);
        File.Copy(_image.FilePath, file);
        if (change is not null)
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Write);
            change(stream);
        }

        _servers.Add(new ServerAtSocket(file, Socket(name)));
    }

    // The first page of extents.
    private void Damage(FileStream file, params int[] extents)
    {
        foreach (int extent in extents)
        {
            file.Position = _image.Image.Index.Entries[extent].PayloadOffset + 50;
            file.Write("damage"u8);
        }
    }
}
