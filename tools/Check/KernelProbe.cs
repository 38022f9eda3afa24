namespace LazyRestore.Tools.Check;

/// <summary>The kernel's version.</summary>
internal static class KernelProbe
{
    // PTRACE_GET_RSEQ_CONFIGURATION is the youngest interface that a dump cannot do without.
    private static readonly Version s_oldest = new(5, 13);

    // UFFDIO_MOVE; PAGEMAP_SCAN came one release earlier.
    private static readonly Version s_complete = new(6, 8);

    /// <summary>Looks.</summary>
    public static Finding Examine()
    {
        string release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        Version version = Environment.OSVersion.Version;
        return version switch
        {
            _ when version < s_oldest => Finding.Missing($"Linux {release}", $"Use Linux {s_oldest} or newer."),
            _ when version < s_complete => Finding.Limited(
                $"Linux {release}", $"Dumps are faster with Linux {s_complete} or newer."),
            _ => Finding.Ok($"Linux {release}"),
        };
    }
}
