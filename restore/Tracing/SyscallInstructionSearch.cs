using System.Globalization;

namespace LazyRestore.Restore.Tracing;

/// <summary>Finds a <c>syscall</c> instruction in a process: in the vDSO, else in any executable mapping.</summary>
internal static class SyscallInstructionSearch
{
    private const ulong LongestSearch = 4 << 20;

    /// <summary>Finds one outside of our own mapping; null when there is none, or the task has ended.</summary>
    internal static ulong? TryFind(int pid, ulong ownStart)
    {
        try
        {
            return Find(pid, ownStart);
        }
        catch (Exception exception) when (exception is LazyRestoreException or IOException)
        {
            return null;
        }
    }

    /// <summary>Finds one outside of our own mapping; 0 when there is none to leave out.</summary>
    internal static ulong Find(int pid, ulong ownStart = 0)
    {
        List<(ulong Start, ulong End)> ranges = [];
        foreach (string line in File.ReadLines($"/proc/{pid}/maps"))
        {
            if (TryParseExecutable(line, out ulong start, out ulong end) && start != ownStart)
            {
                bool isVdso = line.EndsWith("[vdso]", StringComparison.Ordinal);
                ranges.Insert(isVdso ? 0 : ranges.Count, (start, Math.Min(end, start + LongestSearch)));
            }
        }

        foreach ((ulong start, ulong end) in ranges)
        {
            if (InjectedCall.FindInstruction(pid, start, end) is { } instruction)
            {
                return instruction;
            }
        }

        throw new LazyRestoreException(
            FailureReason.Unsupported, $"process {pid} maps no readable code with a syscall instruction, so no state can be asked from inside");
    }

    private static bool TryParseExecutable(string line, out ulong start, out ulong end)
    {
        int dash = line.IndexOf('-');
        int blank = line.IndexOf(' ');
        start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        end = ulong.Parse(line.AsSpan(dash + 1, blank - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        ReadOnlySpan<char> protection = line.AsSpan(blank + 1, 4);
        return protection[0] == 'r' && protection[2] == 'x' && !line.EndsWith("[vsyscall]", StringComparison.Ordinal);
    }
}
