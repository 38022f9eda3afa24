using System.Globalization;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Looks through all processes for another one that uses a pseudo terminal.</summary>
internal static class TerminalUsers
{
    /// <summary>Another process that has an end of the terminal open, or the terminal as its controlling one; null when there is none that we may look into.</summary>
    /// <param name="index">The terminal's number.</param>
    /// <param name="processes">The processes that may have it.</param>
    public static int? Find(int index, IReadOnlySet<int> processes)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int other)
                && !processes.Contains(other) && other != Environment.ProcessId && Uses(other, index))
            {
                return other;
            }
        }

        return null;
    }

    private static bool Uses(int pid, int index)
    {
        ProcDirectory process = new(pid);
        try
        {
            return StatText.Parse(process.Text("stat")).Terminal == TerminalDevice.Of(index)
                || process.Numbers("fd").Any(number => IsEnd(process, number, index));
        }
        catch (LazyRestoreException)
        {
            // It has ended in the meantime, or may not be looked into.
            return false;
        }
    }

    private static bool IsEnd(ProcDirectory process, int number, int index)
    {
        string link = process.Link($"fd/{number}");
        return link == $"/dev/pts/{index}"
            || (link.EndsWith("ptmx", StringComparison.Ordinal) && DescriptorInfo.Parse(process.Text($"fdinfo/{number}")).TerminalIndex == index);
    }
}
