using System.Globalization;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Looks through all processes for another one that has a file open.</summary>
internal static class OpenElsewhere
{
    /// <summary>Another process that has the file open; null when there is none that we may look into.</summary>
    /// <param name="file">The file.</param>
    /// <param name="processes">The processes that may have it open.</param>
    public static int? Find(FileStatus file, IReadOnlySet<int> processes)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int other)
                && !processes.Contains(other) && other != Environment.ProcessId && Has(other, file))
            {
                return other;
            }
        }

        return null;
    }

    private static bool Has(int pid, FileStatus file)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(path => FileStatus.Find(path) is { } status && status.IsSameFile(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended in the meantime, or may not be looked into.
            return false;
        }
    }
}
