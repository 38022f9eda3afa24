using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>What each thread did in the kernel shortly before it was frozen, /proc/TID/stack.</summary>
public sealed class KernelStacks
{
    private readonly Dictionary<int, string> _byThread = [];

    /// <summary>Looks at a running process.</summary>
    public static KernelStacks Of(ProcDirectory process)
    {
        KernelStacks stacks = new();
        foreach (int tid in process.Numbers("task"))
        {
            try
            {
                stacks._byThread[tid] = File.ReadAllText(process.PathOf($"task/{tid}/stack"));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The thread has ended since it was listed, or only the administrator may look.
            }
        }

        return stacks;
    }

    /// <summary>The kernel's functions that a thread was in, the innermost first, a line each; empty when it is not known.</summary>
    public string this[int tid] => _byThread.GetValueOrDefault(tid, "");
}
