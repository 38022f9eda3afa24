using LazyRestore.Agent;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// A process and all its descendants, stopped under ptrace(2). It must be used and disposed on the OS thread that froze it. Disposing lets
/// every one go on exactly where it was.
/// </summary>
public sealed class FrozenTree : IDisposable
{
    private const char Zombie = 'Z';
    private const char Gone = '-';
    private readonly List<FrozenProcess> _processes = [];
    private readonly List<int> _zombies = [];

    private FrozenTree()
    {
    }

    /// <summary>The processes, the first one first, each behind its parent.</summary>
    public IReadOnlyList<FrozenProcess> Processes => _processes;

    /// <summary>The process IDs of children that have ended and were not waited for.</summary>
    public IReadOnlyList<int> Zombies => _zombies;

    /// <summary>The threads of all processes.</summary>
    public int ThreadCount => _processes.Sum(process => process.Threads.Count);

    /// <summary>Stops a process and its descendants: until no new one appears.</summary>
    /// <exception cref="LazyRestoreException">There is no such process, or one of them may not be traced.</exception>
    public static FrozenTree Freeze(int pid, CancellationToken cancellation)
    {
        FrozenTree tree = new();
        try
        {
            tree._processes.Add(FrozenProcess.Freeze(pid, cancellation));
            while (tree.FreezeNewChildren(cancellation))
            {
            }

            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Lets all go on exactly where they were.</summary>
    public void Thaw() => _processes.ForEach(process => process.Thaw());

    /// <summary>Ends all without letting one run again.</summary>
    public void Kill()
    {
        // None of them runs before it ends, so none sees another one end.
        _processes.ForEach(process => process.Condemn());
        _processes.ForEach(process => process.Kill());
    }

    /// <inheritdoc/>
    public void Dispose() => Thaw();

    // A process that stands still makes no children; but those that it had may, until they stand still too, and orphans of theirs may come to it.
    private bool FreezeNewChildren(CancellationToken cancellation)
    {
        bool anyNew = false;
        for (int place = 0; place < _processes.Count; place++)
        {
            foreach (int child in ChildrenOf(_processes[place]))
            {
                cancellation.ThrowIfCancellationRequested();
                if (!_zombies.Contains(child) && !_processes.Exists(process => process.Pid == child))
                {
                    anyNew |= TryFreeze(child, cancellation);
                }
            }
        }

        return anyNew;
    }

    private bool TryFreeze(int pid, CancellationToken cancellation)
    {
        if (!IsZombie(pid))
        {
            try
            {
                _processes.Add(FrozenProcess.Freeze(pid, cancellation));
                return true;
            }
            catch (LazyRestoreException) when (StateOf(pid) == Gone || IsZombie(pid))
            {
                // It has ended in the meantime.
            }
        }

        if (StateOf(pid) == Zombie)
        {
            _zombies.Add(pid);
            return true;
        }

        return false;
    }

    private static IEnumerable<int> ChildrenOf(FrozenProcess process) => process.Threads
        .SelectMany(thread => File.ReadAllText($"/proc/{process.Pid}/task/{thread.Tid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(int.Parse);

    // The leader of a process whose other threads go on is no zombie yet.
    private static bool IsZombie(int pid)
    {
        try
        {
            return StateOf(pid) == Zombie && Directory.GetDirectories($"/proc/{pid}/task").Length == 1;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static char StateOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return Gone;
        }
    }
}
