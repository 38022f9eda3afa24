using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Builds all processes of an image, to the point where they can be let go at once. Until then they die with us, and disposing ends them.
/// Everything happens on one OS thread, which traces them.
/// </summary>
internal sealed class TreeConstruction : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly StubTree _stubs;
    private readonly RepairedConnections _connections;
    private readonly List<ProcessConstruction> _processes = [];
    private bool _released;

    private TreeConstruction(Checkpoint checkpoint, StubTree stubs, RepairedConnections connections)
    {
        _checkpoint = checkpoint;
        _stubs = stubs;
        _connections = connections;
    }

    /// <summary>The first process.</summary>
    internal int Pid => _processes[0].Pid;

    /// <summary>All processes.</summary>
    internal IEnumerable<int> Pids => _processes.Select(process => process.Pid);

    /// <summary>What serves their memory.</summary>
    internal IReadOnlyList<LazyMemory> Memories => [.. _processes.Select(process => process.Memory).OfType<LazyMemory>()];

    /// <summary>Builds the processes.</summary>
    internal static TreeConstruction Build(CheckpointImage image, RestoreOptions options)
    {
        Checkpoint checkpoint = image.Checkpoint;
        using MemoryObjects objects = MemoryObjects.Create(image, SharedSelection.Of(image, options));
        using OrphanAdoption? adoption = checkpoint.Descendants.Count > 0 ? OrphanAdoption.Begin() : null;
        using SystemVObjects systemV = SystemVObjects.Create(image);
        using PseudoTerminals terminals = PseudoTerminals.Create(checkpoint);
        RepairedConnections connections = RepairedConnections.Lock(checkpoint);
        SharedProcessor processor = new();
        TreeConstruction? construction = null;
        try
        {
            processor.Enter();
            construction = new TreeConstruction(checkpoint, StubTree.Create(checkpoint, options.NewPid), connections);
            construction.BuildAddressSpaces(image, options, objects, terminals, processor);
            construction.BuildDescriptors(checkpoint);
            terminals.Close();
            construction.UseSystemV(checkpoint);
            Credentials own = OwnCredentials.Read();
            construction._processes.ForEach(process => process.SetUpThreads(own));
            systemV.Finish();
            return construction;
        }
        catch
        {
            construction?.Dispose();
            connections.Dispose();
            throw;
        }
        finally
        {
            processor.Leave();
        }
    }

    /// <summary>The group here that is to be in the foreground of the restorer's terminal: the one that was, or that of the first process; 0 for our own.</summary>
    internal int GroupInForeground(int group)
    {
        ProcessRecord first = _checkpoint.Process;
        int wanted = _checkpoint.Processes.Any(process => process.Process.ProcessGroup == group) ? group : first.ProcessGroup;
        return wanted == first.ProcessGroup && wanted != first.Pid ? 0 : _stubs.PidOf(wanted);
    }

    /// <summary>Lets all processes run.</summary>
    internal void Release()
    {
        _connections.GoOn(pid => _stubs.PidOf(pid));
        _released = true;
        _processes.ForEach(process => process.Release());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_released)
        {
            _released = true;
            _stubs.Kill(() => _processes.ForEach(process => process.Abandon()));
        }

        _connections.Dispose();
    }

    private void BuildAddressSpaces(
        CheckpointImage image, RestoreOptions options, MemoryObjects objects, PseudoTerminals terminals, SharedProcessor processor)
    {
        long group = Random.Shared.NextInt64();
        IReadOnlyDictionary<int, string> paths = objects.Paths;
        IReadOnlyDictionary<int, int> held = terminals.Masters;
        foreach (Checkpoint checkpoint in image.Checkpoint.Processes)
        {
            ProcessConstruction process = new(image, checkpoint, options, _stubs[checkpoint.Process.Pid], paths, held, _stubs.PidOf, processor);
            _processes.Add(process);
            process.BuildAddressSpace(paths, objects.Shared, group);
        }

        objects.SealMapped();
    }

    private void UseSystemV(Checkpoint checkpoint)
    {
        if (checkpoint.Semaphores.Count > 0 || checkpoint.Queues.Count > 0)
        {
            _processes.ForEach(process => process.Run(process.SystemV(checkpoint).Receive()));
            _processes.ForEach(process => process.Run(process.SystemV(checkpoint).Send()));
        }
    }

    // Nobody gives up a descriptor before all others have what they need of it.
    private void BuildDescriptors(Checkpoint checkpoint)
    {
        DescriptorSharing sharing = new(checkpoint);
        ulong limit = OpenFileLimit.ReadHard();
        IReadOnlyDictionary<int, int>[] created =
            [.. _processes.Select((process, place) => process.CreateFiles(file => sharing.IsCreatedBy(place, file), limit))];
        for (int place = 0; place < _processes.Count; place++)
        {
            _processes[place].TakeFiles(
                [.. sharing.TakenBy(place).Select(file => (file.FileId, _processes[file.Creator].Pid, created[file.Creator][file.FileId]))]);
        }

        for (int place = 0; place < _processes.Count; place++)
        {
            int creator = place;
            _processes[place].PlaceDescriptors(file => sharing.IsCreatedBy(creator, file));
        }
    }
}
