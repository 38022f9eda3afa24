using System.Diagnostics;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>A file system in memory, mounted for a test.</summary>
internal sealed class TemporaryFileSystem : IDisposable
{
    private TemporaryFileSystem(string path) => Path = path;

    public string Path { get; }

    /// <summary>A tmpfs of one page; <see cref="Resize"/> changes that.</summary>
    public static TemporaryFileSystem MountOrSkip(string path) => MountOrSkip(path, "tmpfs", "size=4k,mode=700");

    /// <summary>A file system of a type.</summary>
    public static TemporaryFileSystem MountOrSkip(string path, string type, string options)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, $"mounting a {type} needs root");
        Run("mount", "-t", type, "-o", options, "lazyrestore-test", path);
        return new TemporaryFileSystem(path);
    }

    public void Resize(int pages) => Run("mount", "-o", $"remount,size={pages * 4}k", Path);

    public void Dispose() => Run("umount", Path);

    private static void Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
