using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Tests.Server;
using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Tests.Sources;

/// <summary>Pages through a proxy that does to the bytes what networks and liars do: none is ever wrong.</summary>
public sealed class RemotePageSourceTests
{
    [Theory]
    [InlineData(ExtentCodec.None, Mischief.None)]
    [InlineData(ExtentCodec.Zstd, Mischief.None)]
    [InlineData(ExtentCodec.Lz4, Mischief.Cut)]
    [InlineData(ExtentCodec.None, Mischief.Corrupt)]
    [InlineData(ExtentCodec.Lz4, Mischief.Corrupt)]
    internal void EveryPageComesAndIsRight(ExtentCodec codec, Mischief mischief)
    {
        using ServedImage served = new(codec);
        string folder = Directory.CreateTempSubdirectory("lazyrestore-remote-").FullName;
        try
        {
            string path = Path.Combine(folder, "server");
            using ServerAtSocket server = new(served.FilePath, path);
            using TroublesomeProxy proxy = new(Path.Combine(folder, "proxy"), path, mischief);
            using CheckpointImage image = ImageOpener.Open("unix:" + proxy.Path, ServerAtSocket.Short);
            using RemotePages pages = new(image);
            proxy.Begin();
            pages.CheckAll();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
