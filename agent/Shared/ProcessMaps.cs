using System.Globalization;

namespace LazyRestore.Agent.Shared;

/// <summary>A line of proc_pid_maps(5).</summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address after it.</param>
/// <param name="Offset">The offset in the file, in bytes.</param>
/// <param name="File">Device and inode as they stand there, which tell the file from every other.</param>
public readonly record struct ProcessMapping(ulong Start, ulong End, ulong Offset, string File);

/// <summary>The mappings of a process, proc_pid_maps(5).</summary>
public static class ProcessMaps
{
    /// <summary>All of them, by address; none when the process has ended.</summary>
    public static IReadOnlyList<ProcessMapping> Read(int pid)
    {
        try
        {
            return [.. System.IO.File.ReadLines($"/proc/{pid}/maps").Select(Parse)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The mapping that holds an address; null when none does.</summary>
    public static ProcessMapping? Find(int pid, ulong address)
    {
        foreach (ProcessMapping mapping in Read(pid))
        {
            if (mapping.Start <= address && address < mapping.End)
            {
                return mapping;
            }
        }

        return null;
    }

    // 7f8ffabe3000-7f8ffabea000 rw-s 00000000 00:01 331548                     /dev/zero (deleted)
    private static ProcessMapping Parse(string line)
    {
        string[] fields = line.Split(' ', 6);
        int dash = fields[0].IndexOf('-', StringComparison.Ordinal);
        return new ProcessMapping(Hex(fields[0].AsSpan(0, dash)), Hex(fields[0].AsSpan(dash + 1)), Hex(fields[2]), $"{fields[3]} {fields[4]}");
    }

    private static ulong Hex(ReadOnlySpan<char> digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
