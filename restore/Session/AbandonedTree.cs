using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>The processes that were restored together and lost their agent: each with a holder that keeps what a successor needs.</summary>
internal sealed class AbandonedTree : IDisposable
{
    private readonly List<(PidDescriptor Holder, PageState State)> _processes = [];

    private AbandonedTree()
    {
    }

    /// <summary>The image's path.</summary>
    internal string ImagePath => _processes[0].State.ImagePath;

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

    /// <summary>Takes up the service of all of them. They own their state then.</summary>
    /// <param name="image">The image.</param>
    /// <param name="hydration">In which order memory arrives that nobody asked for; null as it was.</param>
    /// <exception cref="LazyRestoreException">Another agent lives.</exception>
    internal IReadOnlyList<LazyMemory> Resume(CheckpointImage image, HydrationOrder? hydration)
    {
        Succession.Take([.. _processes.Select(process => process.State)]);
        List<LazyMemory> memories = [];
        foreach ((PidDescriptor holder, PageState state) in _processes)
        {
            PageServiceOptions options = hydration is { } order ? state.Options with { Hydration = order } : state.Options;
            SafeFileHandle fault = holder.Take(HolderSearch.Descriptors(holder.Pid, HolderSearch.UserFault)[0]);
            Checkpoint checkpoint = image.Checkpoint.Processes.First(process => process.Process.Space == state.Space);
            SharedMemorySeed? shared = SharedMemorySeed.TakeFrom(holder, image, checkpoint);
            memories.Add(LazyMemory.Resume(image, Holder.Found(holder.Pid), fault, state, shared, options));
        }

        return memories;
    }

    /// <inheritdoc/>
    public void Dispose() => _processes.ForEach(process => process.Holder.Dispose());

    // Holders of other processes come and go meanwhile, and may be those of another version.
    private void AddRelative(int holder)
    {
        PidDescriptor? held = null;
        PageState? state = null;
        try
        {
            held = PidDescriptor.Open(holder);
            state = TakeState(held);
            if (state.Group == _processes[0].State.Group)
            {
                _processes.Add((held, state));
                return;
            }
        }
        catch (Exception exception) when (exception is LazyRestoreException or IOException or UnauthorizedAccessException)
        {
        }

        state?.Dispose();
        held?.Dispose();
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
