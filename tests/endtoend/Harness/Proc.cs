using System.Globalization;
using System.Text;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>What /proc tells about a process; everything is empty once it is gone.</summary>
internal static class Proc
{
    /// <summary>All processes there are.</summary>
    internal static IReadOnlyList<int> All => [.. Numbers("/proc")];

    internal static string Text(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Whether the process lives; a zombie does not.</summary>
    internal static bool IsAlive(int pid) => State(pid) is not ('\0' or 'Z' or 'X');

    /// <summary>The state's letter as in /proc/PID/stat; NUL for no such process.</summary>
    internal static char State(int pid)
    {
        string stat = Text(pid, "stat");
        int end = stat.LastIndexOf(')');
        return end < 0 ? '\0' : stat[end + 2];
    }

    /// <summary>The session; 0 for no such process.</summary>
    internal static int Session(int pid)
    {
        string stat = Text(pid, "stat");
        int end = stat.LastIndexOf(')');
        return end < 0 ? 0 : int.Parse(stat[(end + 2)..].Split(' ')[3], CultureInfo.InvariantCulture);
    }

    internal static int Parent(int pid) => int.Parse(Status(pid, "PPid") is { Length: > 0 } text ? text : "0", CultureInfo.InvariantCulture);

    internal static string Status(int pid, string key) =>
        Text(pid, "status").Split('\n').FirstOrDefault(line => line.StartsWith(key + ":", StringComparison.Ordinal))
            ?[(key.Length + 1)..].Trim() ?? "";

    internal static IEnumerable<int> Threads(int pid) => Numbers($"/proc/{pid}/task");

    internal static IEnumerable<int> Descriptors(int pid) => Numbers($"/proc/{pid}/fd");

    internal static string Link(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The processes that have a file open or mapped.</summary>
    internal static IReadOnlyList<int> UsersOf(string path) =>
        [.. Numbers("/proc").Where(pid => pid != Environment.ProcessId
            && (Descriptors(pid).Any(fd => Link($"/proc/{pid}/fd/{fd}") == path) || Text(pid, "maps").Contains(path, StringComparison.Ordinal)))];

    /// <summary>Everything one wants to know about a process when a test failed.</summary>
    internal static string Describe(int pid)
    {
        if (State(pid) == '\0')
        {
            return $"process {pid} does not exist\n";
        }

        StringBuilder text = new();
        string[] keys = ["Name", "State", "PPid", "TracerPid", "Threads", "VmRSS", "SigPnd", "ShdPnd", "SigBlk", "SigCgt"];
        text.AppendLine(CultureInfo.InvariantCulture, $"--- process {pid}: {string.Join(", ", keys.Select(key => $"{key} {Status(pid, key)}"))}");
        foreach (int tid in Threads(pid))
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"thread {tid} {Text(pid, $"task/{tid}/comm").Trim()}: {State(tid)} syscall {Text(pid, $"task/{tid}/syscall").Trim()} wchan {Text(pid, $"task/{tid}/wchan")}");
        }

        return text.AppendLine(CultureInfo.InvariantCulture, $"--- /proc/{pid}/maps\n{Text(pid, "maps")}").ToString();
    }

    private static IEnumerable<int> Numbers(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder)
                .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int number) ? number : -1)
                .Where(number => number >= 0).Order()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
