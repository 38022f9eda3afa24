namespace LazyRestore.Tools.Check;

/// <summary>The policy for transparent huge pages.</summary>
internal static class HugePageProbe
{
    private const string Folder = "/sys/kernel/mm/transparent_hugepage/";

    /// <summary>Looks.</summary>
    public static Finding Examine()
    {
        if (!Directory.Exists(Folder))
        {
            return Finding.Limited("not built into this kernel", "Restored memory is in small pages.");
        }

        string anonymous = Chosen(Folder + "enabled");
        string detail = $"anonymous {anonymous}, shared {Chosen(Folder + "shmem_enabled")}";
        return anonymous is "never"
            ? Finding.Limited(detail, $"Write madvise to {Folder}enabled to give processes their huge pages back.")
            : Finding.Ok(detail);
    }

    // The file lists all choices with the current one in brackets.
    private static string Chosen(string path)
    {
        string choices = File.ReadAllText(path);
        int open = choices.IndexOf('[');
        return choices[(open + 1)..choices.IndexOf(']')];
    }
}
