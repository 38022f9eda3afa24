using System.Globalization;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>Reads /proc/PID/smaps, proc_pid_smaps(5).</summary>
public static class SmapsText
{
    /// <summary>The areas in the text, by address.</summary>
    public static IReadOnlyList<MemoryArea> Parse(string text)
    {
        List<MemoryArea> areas = [];
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            // A property's line begins with its name in capitals, an area's with its address.
            if (line.IsEmpty)
            {
                continue;
            }
            else if (!char.IsAsciiLetterUpper(line[0]))
            {
                areas.Add(ParseArea(line));
            }
            else if (line.StartsWith("VmFlags:"))
            {
                areas[^1] = areas[^1] with
                {
                    Flags = line["VmFlags:".Length..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries),
                };
            }
            else if (line.StartsWith("AnonHugePages:"))
            {
                // AnonHugePages:      2048 kB
                areas[^1] = areas[^1] with { HasHugePages = line.ContainsAnyInRange('1', '9') };
            }
            else if (line.StartsWith("ProtectionKey:"))
            {
                areas[^1] = areas[^1] with
                {
                    ProtectionKey = int.Parse(line["ProtectionKey:".Length..], CultureInfo.InvariantCulture),
                };
            }
        }

        return areas;
    }

    // 7f8ffabe3000-7f8ffabea000 r--s 00000000 fe:00 331548                     /usr/lib/file
    private static MemoryArea ParseArea(ReadOnlySpan<char> line)
    {
        ReadOnlySpan<char> range = NextField(ref line);
        string permissions = NextField(ref line).ToString();
        ReadOnlySpan<char> offset = NextField(ref line);
        NextField(ref line);
        ReadOnlySpan<char> inode = NextField(ref line);
        int dash = range.IndexOf('-');
        return new MemoryArea
        {
            Start = Hex(range[..dash]),
            End = Hex(range[(dash + 1)..]),
            Permissions = permissions,
            Offset = Hex(offset),
            Inode = ulong.Parse(inode, CultureInfo.InvariantCulture),
            Name = line.TrimStart(' ').ToString(),
        };
    }

    private static ReadOnlySpan<char> NextField(ref ReadOnlySpan<char> line)
    {
        int end = line.IndexOf(' ');
        ReadOnlySpan<char> field = end < 0 ? line : line[..end];
        line = end < 0 ? default : line[(end + 1)..];
        return field;
    }

    private static ulong Hex(ReadOnlySpan<char> digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
