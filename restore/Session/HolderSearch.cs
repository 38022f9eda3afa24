namespace LazyRestore.Restore.Session;

/// <summary>Finds the holder of a restored process whose agent died: the task of that name that shares its memory (kcmp(2)).</summary>
internal static class HolderSearch
{
    /// <summary>What a descriptor of a userfaultfd refers to.</summary>
    internal const string UserFault = "anon_inode:[userfaultfd]";

    /// <summary>The process ID of the holder, or of another task of ours by its name; null when the process has none.</summary>
    internal static int? Find(int process, string name = Holder.Name)
    {
        foreach (int pid in All(name))
        {
            if (pid != process && Interop.syscall(Interop.KcmpCall, process, pid, Interop.KCMP_VM) == 0)
            {
                return pid;
            }
        }

        return null;
    }

    /// <summary>All tasks of a name.</summary>
    internal static IEnumerable<int> All(string name = Holder.Name)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int pid) && ReadName(pid) == name)
            {
                yield return pid;
            }
        }
    }

    /// <summary>The number of the holder's descriptor that refers to something.</summary>
    internal static IReadOnlyList<int> Descriptors(int holder, string target) =>
    [
        .. Directory.EnumerateFiles($"/proc/{holder}/fd")
            .Where(path => new FileInfo(path).LinkTarget is { } link && link.StartsWith(target, StringComparison.Ordinal))
            .Select(path => int.Parse(Path.GetFileName(path)))
            .Order(),
    ];

    private static string? ReadName(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
