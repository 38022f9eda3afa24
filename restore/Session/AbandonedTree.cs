using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>The processes that were restored together and lost their agent: each with a holder that keeps what a successor needs.</summary>
internal sealed class AbandonedTree : IDisposable
{
    private readonly List<(PidDescriptor Holder, PageState State)> _processes = [];
    private bool _areResumed;

    private AbandonedTree()
    {
    }

    /// <summary>The image's path.</summary>
    internal string ImagePath => _processes[0].State.ImagePath;

    /// <summary>The processes.</summary>
    internal IReadOnlyList<int> Pids => [.. _processes.Select(static process => process.State.Pid)];

    /// <summary>Finds the process and those that were restored with it.</summary>
    /// <param name="pid">The process.</param>
    /// <exception cref="LazyRestoreException">It waits for no agent.</exception>
    internal static AbandonedTree Find(int pid)
    {
        int holder = HolderSearch.Find(pid) ?? throw new LazyRestoreException(
            FailureReason.Failed, $"process {pid} waits for no page agent", "It is not restored lazily, or all of its memory is there already.");
        AbandonedTree tree = new();
        try
        {
            PidDescriptor held = PidDescriptor.Open(holder);
            tree._processes.Add((held, TakeState(held)));
            foreach (int other in HolderSearch.All().Where(other => other != holder))
            {
                tree.AddRelative(other);
            }

            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Finds all that a service is to serve, whether it does at the moment or not.</summary>
    /// <param name="service">Tells the service.</param>
    internal static IReadOnlyList<AbandonedTree> FindAll(long service)
    {
        Dictionary<long, AbandonedTree> trees = [];
        foreach (int holder in HolderSearch.All())
        {
            if (TryTake(holder) is not { } process)
            {
                continue;
            }

            if (process.State.Service != service)
            {
                process.State.Dispose();
                process.Holder.Dispose();
                continue;
            }

            if (!trees.TryGetValue(process.State.Group, out AbandonedTree? tree))
            {
                trees.Add(process.State.Group, tree = new AbandonedTree());
            }

            tree._processes.Add(process);
        }

        return [.. trees.Values];
    }

    /// <summary>Takes the place of the dead agent.</summary>
    /// <param name="service">The service that does, and will again when it starts again; 0 for none.</param>
    /// <exception cref="LazyRestoreException">Another agent lives.</exception>
    internal void Take(long service)
    {
        Succession.Take([.. _processes.Select(static process => process.State)]);
        Mark(service);
    }

    /// <summary>Notes which service is to serve them, as long as they are not resumed; 0 for none.</summary>
    internal void Mark(long service)
    {
        if (!_areResumed)
        {
            _processes.ForEach(process => process.State.Service = service);
        }
    }

    /// <summary>Takes up the service of all of them; their place has been taken. They own their state then.</summary>
    /// <param name="image">The image.</param>
    /// <param name="hydration">In which order memory arrives that nobody asked for; null as it was.</param>
    /// <exception cref="LazyRestoreException">The image is not the one that they were restored from.</exception>
    internal IReadOnlyList<LazyMemory> Resume(CheckpointImage image, HydrationOrder? hydration)
    {
        List<LazyMemory> memories = [];
        _areResumed = true;
        try
        {
            foreach ((PidDescriptor holder, PageState state) in _processes)
            {
                memories.AddRange(ResumeOne(image, hydration, holder, state));
            }

            return memories;
        }
        catch
        {
            memories.ForEach(static memory => memory.Detach());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((PidDescriptor holder, PageState state) in _processes)
        {
            holder.Dispose();
            if (!_areResumed)
            {
                state.Dispose();
            }
        }
    }

    // None when the process has ended meanwhile.
    private static LazyMemory[] ResumeOne(CheckpointImage image, HydrationOrder? hydration, PidDescriptor holder, PageState state)
    {
        try
        {
            PageServiceOptions options = hydration is { } order ? state.Options with { Hydration = order } : state.Options;
            SafeFileHandle fault = holder.Take(HolderSearch.Descriptors(holder.Pid, HolderSearch.UserFault)[0]);
            Checkpoint checkpoint = image.Checkpoint.Processes.First(process => process.Process.Space == state.Space);
            SharedMemorySeed? shared = SharedMemorySeed.TakeFrom(holder, image, checkpoint);
            return [LazyMemory.Resume(image, Holder.Found(holder.Pid), fault, state, shared, options)];
        }
        catch (Exception) when (holder.WaitForEnd(milliseconds: 0))
        {
            state.Dispose();
            return [];
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    // Holders of other processes come and go meanwhile, and may be those of another version.
    private static (PidDescriptor Holder, PageState State)? TryTake(int holder)
    {
        PidDescriptor? held = null;
        try
        {
            held = PidDescriptor.Open(holder);
            return (held, TakeState(held));
        }
        catch (Exception exception) when (exception is LazyRestoreException or IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            return null;
        }
    }

    private void AddRelative(int holder)
    {
        if (TryTake(holder) is not { } process)
        {
            return;
        }

        if (process.State.Group == _processes[0].State.Group)
        {
            _processes.Add(process);
            return;
        }

        process.State.Dispose();
        process.Holder.Dispose();
    }

    private static PageState TakeState(PidDescriptor holder)
    {
        IReadOnlyList<int> states = HolderSearch.Descriptors(holder.Pid, "/memfd:");
        IReadOnlyList<int> sockets = HolderSearch.Descriptors(holder.Pid, "socket:");
        return states.Count > 0 && sockets.Count > 1
            ? PageState.Attach(holder.Take(states[0]), holder.Take(sockets[0]), holder.Take(sockets[1]))
            : throw new LazyRestoreException(FailureReason.Failed, $"process {holder.Pid} holds no lazy memory any more", "See whether all of it is there.");
    }
}
