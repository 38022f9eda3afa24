using LazyRestore.Restore.Plan;

namespace LazyRestore.Restore.Session;

/// <summary>Reads the host's policy for transparent huge pages.</summary>
internal static class HostHugePagesFile
{
    private const string Folder = "/sys/kernel/mm/transparent_hugepage/";

    internal static HostHugePages Read()
    {
        // Newer kernels have a policy for each size, which may be to follow the general one.
        string? chosen = Chosen(Folder + "hugepages-2048kB/enabled");
        return (chosen is null or "inherit" ? Chosen(Folder + "enabled") : chosen) switch
        {
            "always" => HostHugePages.Always,
            "madvise" => HostHugePages.Advised,
            _ => HostHugePages.Never,
        };
    }

    // The file lists all choices with the current one in brackets.
    private static string? Chosen(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        string choices = File.ReadAllText(path);
        int open = choices.IndexOf('[');
        return choices[(open + 1)..choices.IndexOf(']')];
    }
}
