using Xunit;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A file system in memory that is soon full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    /// <summary>Where it is mounted.</summary>
    internal string Folder { get; }

    /// <summary>Mounts one.</summary>
    /// <param name="folder">Where; it is created.</param>
    /// <param name="size">Its size, as tmpfs(5) understands it.</param>
    internal static SmallDisk Mount(string folder, string size)
    {
        Directory.CreateDirectory(folder);
        Assert.Equal(0, Interop.mount("none", folder, "tmpfs", 0, $"size={size}"));
        return new SmallDisk(folder);
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Interop.umount2(Folder, Interop.MNT_DETACH);
}
