using System.Text;
using LazyRestore.Agent.Costs;

namespace LazyRestore.Agent.Tests.Costs;

public sealed class CostCacheTests : IDisposable
{
    private static readonly PlacementCosts s_costs = new(
    [
        new(PlacementKind.Copy, InHugePages: false, 1, 0, 1700.5),
        new(PlacementKind.FillAndMove, InHugePages: true, 512, 1, 0.25),
        new(PlacementKind.Zero, InHugePages: false, 64, 1, 90),
    ]);

    private readonly string _parent = Directory.CreateTempSubdirectory("costs-").FullName;
    private readonly CostCache _cache;

    public CostCacheTests() => _cache = Of("boot-1");

    [Fact]
    public void WhatWasStoredIsLoaded()
    {
        Assert.Null(_cache.TryLoad());
        Assert.True(_cache.TryStore(s_costs));
        Assert.Equal(s_costs.All, _cache.TryLoad()!.All);
        Assert.Equal([_cache.FilePath], Directory.GetFiles(Path.GetDirectoryName(_cache.FilePath)!));
    }

    [Fact]
    public void OnlyItsUserCanReadIt()
    {
        Assert.True(_cache.TryStore(s_costs));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cache.FilePath));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.GetDirectoryName(_cache.FilePath)!));
    }

    [Fact]
    public void AnotherBootMeasuresAnewAndCleansUp()
    {
        Assert.True(_cache.TryStore(s_costs));
        CostCache next = Of("boot-2");
        Assert.Null(next.TryLoad());
        Assert.True(next.TryStore(s_costs));
        Assert.Null(_cache.TryLoad());
        Assert.Equal(s_costs.All, next.TryLoad()!.All);
    }

    [Fact]
    public void ANameThatIsNoFileNameIsMadeOne() => Assert.Equal(
        Path.Combine(_parent, "cache", "placement-costs-.._x-6.18_a_"), new CostCache(Path.Combine(_parent, "cache"), "../x", "6.18/a\n").FilePath);

    [Fact]
    public void DamageInAnyPlaceCountsAsNothing()
    {
        Assert.True(_cache.TryStore(s_costs));
        byte[] whole = File.ReadAllBytes(_cache.FilePath);
        for (int place = 0; place < whole.Length; place++)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 1;
            File.WriteAllBytes(_cache.FilePath, damaged);
            Assert.Null(_cache.TryLoad());
            File.WriteAllBytes(_cache.FilePath, whole[..place]);
            Assert.Null(_cache.TryLoad());
        }

        Assert.True(_cache.TryStore(s_costs));
        Assert.Equal(s_costs.All, _cache.TryLoad()!.All);
    }

    [Fact]
    public void WhatIsNotAFileOfOurOwnIsNotTrusted()
    {
        Assert.True(_cache.TryStore(s_costs));
        File.SetUnixFileMode(_cache.FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Null(_cache.TryLoad());

        Assert.True(_cache.TryStore(s_costs));
        ChangeOwner(_cache.FilePath);
        Assert.Null(_cache.TryLoad());

        Assert.True(_cache.TryStore(s_costs));
        string elsewhere = Path.Combine(_parent, "elsewhere");
        File.Move(_cache.FilePath, elsewhere);
        File.CreateSymbolicLink(_cache.FilePath, elsewhere);
        Assert.Null(_cache.TryLoad());

        File.Delete(_cache.FilePath);
        Directory.CreateDirectory(_cache.FilePath);
        Assert.Null(_cache.TryLoad());
        Assert.False(_cache.TryStore(s_costs));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_cache.FilePath)!));
    }

    [Fact]
    public void NothingIsKeptWhereOthersMayWrite()
    {
        string folder = Path.GetDirectoryName(_cache.FilePath)!;
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
        Assert.False(_cache.TryStore(s_costs));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void NothingIsKeptWhereThereIsNoFolder()
    {
        File.WriteAllText(Path.Combine(_parent, "cache"), "");
        Assert.False(_cache.TryStore(s_costs));
        Assert.Null(_cache.TryLoad());
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private CostCache Of(string boot) => new(Path.Combine(_parent, "cache"), boot, "6.18");

    private static unsafe void ChangeOwner(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            Assert.Equal(0, Tmds.Linux.LibC.chown(name, 65534, 65534));
        }
    }
}
