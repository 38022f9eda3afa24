using System.Globalization;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>
/// What each thread did in the kernel shortly before it was frozen: where it was, and for how long it had not run
/// (/proc/TID/stack, and se.exec_start in /proc/TID/sched).
/// </summary>
public sealed class KernelActivity
{
    private const string LastRun = "se.exec_start";
    private readonly Dictionary<int, (string Stack, long? BlockedNanoseconds)> _byThread = [];

    /// <summary>Looks at running processes.</summary>
    public static KernelActivity Of(IEnumerable<ProcDirectory> processes)
    {
        KernelActivity activity = new();
        foreach (ProcDirectory process in processes)
        {
            activity.LookAt(process);
        }

        return activity;
    }

    /// <summary>The kernel's functions that a thread was in, the innermost first, a line each; empty when it is not known.</summary>
    public string Stack(int tid) => _byThread.TryGetValue(tid, out (string Stack, long?) found) ? found.Stack : "";

    /// <summary>For how many nanoseconds a thread had been waiting; 0 when that is not known. It may have been longer, never shorter.</summary>
    public long BlockedNanoseconds(int tid) => _byThread.TryGetValue(tid, out (string, long? Blocked) found) ? found.Blocked ?? 0 : 0;

    private void LookAt(ProcDirectory process)
    {
        foreach (int tid in ThreadsOf(process))
        {
            string stack = TextOf(process.PathOf($"task/{tid}/stack"));
            long? ran = LastRunOf(process.PathOf($"task/{tid}/sched"));
            long? now = LastRunOf("/proc/thread-self/sched");
            _byThread[tid] = (stack, ran is null || now is null ? null : Math.Max(0, now.Value - ran.Value));
        }
    }

    // None when it has ended since it was listed; the dump of a process that has finds that out itself.
    private static int[] ThreadsOf(ProcDirectory process)
    {
        try
        {
            return process.Numbers("task");
        }
        catch (LazyRestoreException)
        {
            return [];
        }
    }

    private static long? LastRunOf(string path)
    {
        foreach (string line in TextOf(path).Split('\n'))
        {
            if (line.StartsWith(LastRun, StringComparison.Ordinal)
                && double.TryParse(line.AsSpan(line.IndexOf(':') + 1), CultureInfo.InvariantCulture, out double milliseconds))
            {
                return (long)(milliseconds * 1_000_000);
            }
        }

        return null;
    }

    private static string TextOf(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The thread has ended since it was listed, only the administrator may look, or the kernel does not tell.
            return "";
        }
    }
}
