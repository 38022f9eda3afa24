namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Where the sources of this repository lie.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>What the tests build: it may be kept between runs.</summary>
    internal static string Artifacts { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "endtoend")).FullName;

    internal static string Targets => Path.Combine(Root, "tests", "targets");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "LazyRestore.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"no LazyRestore.sln above {AppContext.BaseDirectory}");
    }
}
