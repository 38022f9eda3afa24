namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>What /proc tells of a process.</summary>
internal static class ProcEntry
{
    private static readonly string[] s_telling = ["status", "syscall", "wchan", "stack", "maps"];

    /// <summary>Whether the process exists and has not ended.</summary>
    internal static bool IsAlive(int pid) => Stat(pid) is { } stat && stat[0] is not ("Z" or "X");

    /// <summary>Whether the PID is free, not even held by a process that ended and was not waited for.</summary>
    internal static bool IsFree(int pid) => !Directory.Exists($"/proc/{pid}");

    /// <summary>When the process began, in ticks since boot: with the PID it names one process for good. Null when there is none.</summary>
    internal static long? StartTime(int pid) => Stat(pid) is { Length: > 19 } stat ? long.Parse(stat[19]) : null;

    /// <summary>The one-letter state; a question mark when there is no process.</summary>
    internal static char State(int pid) => Stat(pid) is { } stat ? stat[0][0] : '?';

    /// <summary>The parent; 0 when there is no process.</summary>
    internal static int Parent(int pid) => Stat(pid) is { Length: > 1 } stat ? int.Parse(stat[1]) : 0;

    /// <summary>A line of /proc/PID/status without its name.</summary>
    internal static string Status(int pid, string name) => Text(pid, "status").Split('\n')
        .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..].Trim() ?? "";

    /// <summary>Descriptors in use, with what they are open on.</summary>
    internal static string[] Descriptors(int pid) =>
        [.. Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(Describe).Order(StringComparer.Ordinal)];

    /// <summary>A file of /proc/PID, or why it cannot be read.</summary>
    internal static string Text(int pid, string name)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"({error.Message})";
        }
    }

    /// <summary>Everything that helps to understand why a process does not do what it should.</summary>
    internal static string Describe(int pid) => IsFree(pid)
        ? $"process {pid}: gone"
        : $"process {pid}:\n" + string.Join('\n', s_telling.Select(name => $"--- {name}\n{Text(pid, name).TrimEnd()}"));

    private static string Describe(string link)
    {
        string number = Path.GetFileName(link);
        try
        {
            return $"{number} -> {new FileInfo(link).LinkTarget}";
        }
        catch (IOException)
        {
            return number;
        }
    }

    // The fields after the name, which may hold anything.
    private static string[]? Stat(int pid)
    {
        string text = Text(pid, "stat");
        int end = text.LastIndexOf(") ", StringComparison.Ordinal);
        return end < 0 ? null : text[(end + 2)..].TrimEnd().Split(' ');
    }
}
