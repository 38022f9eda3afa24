using System.Globalization;

namespace LazyRestore.Restore.Session;

/// <summary>The out-of-memory score adjustment of a process, proc_pid_oom_score_adj(5).</summary>
internal static class OomScore
{
    internal static void Set(int pid, int adjustment)
    {
        string path = $"/proc/{pid}/oom_score_adj";
        if (int.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) == adjustment)
        {
            return;
        }

        try
        {
            File.WriteAllText(path, adjustment.ToString(CultureInfo.InvariantCulture));
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"the out-of-memory score adjustment {adjustment} cannot be set: {path}: {exception.Message}",
                "Lowering it needs CAP_SYS_RESOURCE.",
                exception);
        }
    }
}
