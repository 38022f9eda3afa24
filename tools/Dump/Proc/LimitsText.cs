using System.Globalization;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>
/// Reads /proc/PID/limits, proc_pid_limits(5). prlimit(2) would be shorter, but asks for CAP_SYS_RESOURCE when the process
/// belongs to another user.
/// </summary>
public static class LimitsText
{
    // In the order of RLIMIT_*, getrlimit(2).
    private static readonly string[] Names =
    [
        "Max cpu time", "Max file size", "Max data size", "Max stack size", "Max core file size", "Max resident set",
        "Max processes", "Max open files", "Max locked memory", "Max address space", "Max file locks",
        "Max pending signals", "Max msgqueue size", "Max nice priority", "Max realtime priority", "Max realtime timeout",
    ];

    /// <summary>The limits by RLIMIT_* number.</summary>
    public static IReadOnlyList<ResourceLimit> Parse(string text)
    {
        List<ResourceLimit> limits = [];
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int resource = FindName(line);
            if (resource >= 0)
            {
                string[] values = line[Names[resource].Length..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                limits.Add(new ResourceLimit(resource, Value(values[0]), Value(values[1])));
            }
        }

        limits.Sort((left, right) => left.Resource.CompareTo(right.Resource));
        return limits;
    }

    private static int FindName(ReadOnlySpan<char> line)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            if (line.StartsWith(Names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static ulong Value(string text) =>
        text == "unlimited" ? ulong.MaxValue : ulong.Parse(text, CultureInfo.InvariantCulture);
}
