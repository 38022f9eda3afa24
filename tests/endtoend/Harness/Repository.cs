namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>Where the sources are.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    internal static string Root { get; } = Find();

    /// <summary>What the tests build; not under version control.</summary>
    internal static string Artifacts { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts")).FullName;

    /// <summary>The programs that are checkpointed.</summary>
    internal static string Targets { get; } = Path.Combine(Root, "tests", "targets");

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder != null && !File.Exists(Path.Combine(folder, "LazyRestore.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside of the repository");
    }
}
