using System.Globalization;
using LazyRestore.Restore.Tracing;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>
/// What each thread did in the kernel shortly before it was frozen: where it was, and for how long it had not run (/proc/TID/stack, and
/// se.exec_start in /proc/TID/sched, by the clock of the processor that it ran on; each has one of its own, which leaves out what
/// interrupts and the host of a virtual machine took).
/// </summary>
public sealed class KernelActivity
{
    private const string LastRun = "se.exec_start";
    private const string Switches = "nr_voluntary_switches";
    private const int ProcessorField = 36; // of /proc/TID/stat, counted from behind the name
    private readonly Dictionary<int, Look> _byThread = [];

    private readonly record struct Look(string Stack, int Processor, double? Ran, double? Switches, long Blocked);

    /// <summary>Looks at running processes.</summary>
    public static KernelActivity Of(IReadOnlyList<ProcDirectory> processes)
    {
        KernelActivity activity = new();
        foreach (ProcDirectory process in processes)
        {
            activity.LookAt(process);
        }

        activity.MeasureBlocked();
        return activity;
    }

    /// <summary>The threads that wait for a child which shares their memory to execute a program or to end.</summary>
    public IEnumerable<int> Forking => _byThread.Where(thread => IsForking(thread.Value.Stack)).Select(thread => thread.Key);

    /// <summary>
    /// Looks again, once the process is frozen, and before anything is run in it: a thread that has run since the first look has not been waiting
    /// for as long as it seemed.
    /// </summary>
    public void Confirm(FrozenProcess frozen)
    {
        foreach (Tracee thread in frozen.Threads)
        {
            // A thread that waits has given the processor up once already; the freeze makes it do so again.
            if (_byThread.TryGetValue(thread.Tid, out Look look) && look.Blocked > 0 && InterruptedCall.IsIn(thread.Registers)
                && NumberIn(TextOf($"/proc/{frozen.Pid}/task/{thread.Tid}/sched"), Switches) is { } switches && switches <= look.Switches + 1)
            {
                continue;
            }

            _byThread[thread.Tid] = look with { Stack = look.Stack ?? "", Blocked = 0 };
        }
    }

    /// <summary>The kernel's functions that a thread was in, the innermost first, a line each; empty when it is not known.</summary>
    public string Stack(int tid) => _byThread.TryGetValue(tid, out Look found) ? found.Stack : "";

    /// <summary>For how many nanoseconds a thread had been waiting; 0 when that is not known. It may have been longer, never shorter.</summary>
    public long BlockedNanoseconds(int tid) => _byThread.TryGetValue(tid, out Look found) ? found.Blocked : 0;

    private void LookAt(ProcDirectory process)
    {
        foreach (int tid in ThreadsOf(process))
        {
            string stack = TextOf(process.PathOf($"task/{tid}/stack"));
            string sched = TextOf(process.PathOf($"task/{tid}/sched"));
            _byThread[tid] = new(stack, ProcessorOf(process.PathOf($"task/{tid}/stat")), NumberIn(sched, LastRun), NumberIn(sched, Switches), 0);
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

    // The innermost function is the wait itself, inlined into the one that makes the child.
    private static bool IsForking(string stack) =>
        stack.Split('\n')[0] is var innermost
        && (innermost.Contains("wait_for_vfork_done", StringComparison.Ordinal) || innermost.Contains("kernel_clone", StringComparison.Ordinal));

    private void MeasureBlocked()
    {
        const double NanosecondsPerMillisecond = 1_000_000;
        SharedProcessor processor = new();
        foreach (IGrouping<int, KeyValuePair<int, Look>> group in _byThread.ToArray().GroupBy(one => one.Value.Processor))
        {
            if (!processor.TryEnter(group.Key) || NumberIn(TextOf("/proc/thread-self/sched"), LastRun) is not { } now)
            {
                continue;
            }

            foreach ((int tid, Look look) in group)
            {
                _byThread[tid] = look with { Blocked = look.Ran is { } ran ? (long)(Math.Max(0, now - ran) * NanosecondsPerMillisecond) : 0 };
            }
        }

        processor.Leave();
    }

    // The processor that a thread ran on last; -1 when that is not known.
    private static int ProcessorOf(string path)
    {
        string stat = TextOf(path);
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > ProcessorField ? int.Parse(fields[ProcessorField], CultureInfo.InvariantCulture) : -1;
    }

    // A line is a name, a colon, and a number: time is in milliseconds.
    private static double? NumberIn(string sched, string name)
    {
        foreach (string line in sched.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal)
                && double.TryParse(line.AsSpan(line.IndexOf(':') + 1), CultureInfo.InvariantCulture, out double number))
            {
                return number;
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
