using System.Globalization;

namespace LazyRestore.Restore.Session;

/// <summary>The restorer's limit of open files, proc_pid_limits(5).</summary>
internal static class OpenFileLimit
{
    internal static ulong ReadHard()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string hard = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return hard == "unlimited" ? ulong.MaxValue : ulong.Parse(hard, CultureInfo.InvariantCulture);
    }
}
