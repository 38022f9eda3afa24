using System.Globalization;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>A mapping as /proc/PID/smaps shows it.</summary>
internal sealed record Mapping(ulong Start, ulong End, string Permissions, ulong Offset, string Name, string Flags)
{
    internal bool IsFile => Name.StartsWith('/') || Name == "(deleted)";

    /// <summary>Whether the memory is registered with a userfaultfd.</summary>
    internal bool IsLazy => Flags.Split(' ').Any(flag => flag is "um" or "ui" or "uw");

    internal static IEnumerable<Mapping> Read(int pid)
    {
        Mapping? current = null;
        foreach (string line in Proc.Text(pid, "smaps").Split('\n'))
        {
            if (line.StartsWith("VmFlags:", StringComparison.Ordinal) && current is not null)
            {
                // sd: the soft-dirty mark comes and goes; ac: accounting follows from the history of a mapping's protection.
                IEnumerable<string> flags = line["VmFlags:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(flag => flag is not ("sd" or "ac"));
                yield return current with { Flags = string.Join(' ', flags) };
                current = null;
            }
            else if (line.Length > 0 && line[0] is (>= '0' and <= '9') or (>= 'a' and <= 'f') && line.IndexOf('-', StringComparison.Ordinal) is > 0)
            {
                current = Head(line);
            }
        }
    }

    private static Mapping Head(string line)
    {
        string[] parts = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string[] range = parts[0].Split('-');
        string name = parts.Length > 5 ? parts[5].Trim() : "";
        return new(
            ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            parts[1],
            ulong.Parse(parts[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            name.EndsWith(" (deleted)", StringComparison.Ordinal) ? "(deleted)" : name,
            "");
    }
}
