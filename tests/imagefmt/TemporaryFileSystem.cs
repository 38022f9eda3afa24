using System.Diagnostics;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>A tmpfs of a size, mounted for a test.</summary>
internal sealed class TemporaryFileSystem : IDisposable
{
    private TemporaryFileSystem(string path) => Path = path;

    public string Path { get; }

    public static TemporaryFileSystem MountOrSkip(string path)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a tmpfs needs root");
        Run("mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "lazyrestore-test", path);
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
