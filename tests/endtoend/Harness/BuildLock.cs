using System.Diagnostics;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Held while something is built that two runs of the tests share.</summary>
internal sealed class BuildLock : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly FileStream _file;

    private BuildLock(FileStream file) => _file = file;

    /// <summary>Waits until nobody else builds.</summary>
    internal static BuildLock Take()
    {
        string path = Path.Combine(Repository.Artifacts, "build.lock");
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new BuildLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(start) < s_patience)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
