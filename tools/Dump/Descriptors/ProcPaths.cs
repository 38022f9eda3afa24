namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Entries of /proc that a process has open of itself: the restored process opens its own.</summary>
internal static class ProcPaths
{
    // What stands beneath them comes and goes while a process is restored.
    private static readonly string[] Changing = ["fd/", "fdinfo/", "task/", "map_files/"];

    /// <summary>Whether a path is that of the process itself, under /proc.</summary>
    public static bool IsOwn(string path, int pid) => path == $"/proc/{pid}" || path.StartsWith($"/proc/{pid}/");

    /// <summary>Whether a path leads to an entry of any process.</summary>
    public static bool IsOfAProcess(string path) => path.StartsWith("/proc/") && path.Length > 6 && char.IsAsciiDigit(path[6]);

    /// <summary>The path by which the process itself opens the entry; null when it may not exist then.</summary>
    public static string? Own(string path, int pid)
    {
        string entry = path.Length > $"/proc/{pid}/".Length ? path[$"/proc/{pid}/".Length..] : "";
        string leader = $"task/{pid}/";
        if (entry.StartsWith(leader) && !Changing.Any(entry[leader.Length..].StartsWith))
        {
            return $"/proc/thread-self/{entry[leader.Length..]}";
        }

        return Changing.Any(entry.StartsWith) ? null : $"/proc/self/{entry}".TrimEnd('/');
    }
}
