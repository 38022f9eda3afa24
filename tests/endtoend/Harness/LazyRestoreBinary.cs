namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>
/// The program under test: what the environment variable LAZYRESTORE_BINARY names, or else the native build, which is made
/// anew when a source is newer than it.
/// </summary>
internal static class LazyRestoreBinary
{
    private static readonly string[] s_rooms = ["imagefmt", "agent", "restore", "tools"];
    private static readonly Lazy<string> s_path = new(Find);

    /// <summary>Where the program is.</summary>
    internal static string Path => s_path.Value;

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("LAZYRESTORE_BINARY") is { Length: > 0 } given)
        {
            return File.Exists(given) ? System.IO.Path.GetFullPath(given) : throw new FileNotFoundException("LAZYRESTORE_BINARY", given);
        }

        using BuildLock alone = BuildLock.Take();
        string folder = System.IO.Path.Combine(Repository.Artifacts, "native");
        string program = System.IO.Path.Combine(folder, "lazyrestore");
        if (!File.Exists(program) || File.GetLastWriteTimeUtc(program) < NewestSource())
        {
            Command.Run("dotnet", "publish", System.IO.Path.Combine(Repository.Root, "tools"), "-c", "Release", "-o", folder, "--nologo");
            File.SetLastWriteTimeUtc(program, DateTime.UtcNow);
        }

        return program;
    }

    private static DateTime NewestSource() =>
        s_rooms.SelectMany(room => Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Root, room), "*", SearchOption.AllDirectories))
            .Where(IsSource)
            .Concat(Directory.EnumerateFiles(Repository.Root, "Directory.*.props"))
            .Max(File.GetLastWriteTimeUtc);

    private static bool IsSource(string path) =>
        path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".csproj", StringComparison.Ordinal)
            ? !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
            : false;
}
