using System.Diagnostics;
using System.IO.Hashing;
using System.Text;
using LazyRestore.Agent;
using LazyRestore.Agent.Control;
using LazyRestore.Agent.Metrics;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Tuning;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Session;

namespace LazyRestore.Restore.Service;

/// <summary>
/// Serves the memory of any number of restored processes. Which they are stands in what their holders keep, so that it finds them again when it was
/// killed and starts again, whenever that was.
/// </summary>
public sealed class AgentService : IAgentControl
{
    private readonly long _identity;
    private readonly IServiceObserver _observer;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly List<ServedTree> _trees = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PageStatistics _ended = PageStatistics.Nothing;
    private bool _isDraining;
    private long _attached;
    private long _completed;

    /// <summary>Creates a service.</summary>
    /// <param name="name">Tells it from others, also when it starts again: the path of its control socket.</param>
    /// <param name="observer">Hears of its processes.</param>
    public AgentService(string name, IServiceObserver observer)
    {
        _identity = IdentityOf(name);
        _observer = observer;
    }

    /// <summary>Ends once all processes have their memory after <see cref="Drain"/>.</summary>
    public Task Drained => _drained.Task;

    /// <inheritdoc/>
    public ServiceStatus Status
    {
        get
        {
            lock (_lock)
            {
                return new ServiceStatus
                {
                    Pid = Environment.ProcessId,
                    Uptime = Stopwatch.GetElapsedTime(_start),
                    IsDraining = _isDraining,
                    Attached = _attached,
                    Completed = _completed,
                    Processes = [.. _trees.SelectMany(static tree => tree.Processes)],
                };
            }
        }
    }

    /// <summary>What it has done, as metrics.</summary>
    public IEnumerable<Metric> Metrics
    {
        get
        {
            (PageStatistics ended, PageStatistics[] served) = Done();
            PlacementReport[] reports = [.. served.Select(static pages => pages.Placement).OfType<PlacementReport>()];
            return [.. ServiceMetrics.Of(Status), .. PageMetrics.Of(PageStatistics.Sum([ended, .. served]), reports)];
        }
    }

    /// <summary>What tells a service from others, as processes note it.</summary>
    /// <param name="name">Its name.</param>
    public static long IdentityOf(string name) => (long)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name)) | 1);

    /// <summary>Takes up the processes that it served before it died, if it did. They are served as soon as nothing stands in the way any more.</summary>
    public void TakeUp()
    {
        foreach (AbandonedTree tree in AbandonedTree.FindAll(_identity))
        {
            Begin(ServedTree.StartAgain(tree, _identity, _observer, End));
        }
    }

    /// <inheritdoc/>
    public void Attach(int pid)
    {
        lock (_lock)
        {
            if (_isDraining)
            {
                throw new LazyRestoreException(FailureReason.Failed, "the service takes no further processes, since it is about to end", "Use another one.");
            }

            if (_trees.Exists(tree => tree.Pids.Contains(pid)))
            {
                throw new LazyRestoreException(FailureReason.Failed, $"process {pid} is served by this service already");
            }
        }

        var tree = AbandonedTree.Find(pid);
        CheckpointImage? image = null;
        try
        {
            image = ImageOpener.Open(tree.ImagePath);
            tree.Take(service: 0);
        }
        catch
        {
            image?.Dispose();
            tree.Dispose();
            throw;
        }

        var served = ServedTree.Start(tree, image, _identity, _observer, End);
        Begin(served);
        served.Serving.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Detach(int pid)
    {
        ServedTree tree;
        lock (_lock)
        {
            tree = _trees.Find(tree => tree.Pids.Contains(pid))
                ?? throw new LazyRestoreException(FailureReason.Failed, $"process {pid} is not served by this service", "List those that are with lazyrestore agent list.");
        }

        tree.Detach(isForgotten: true);
        tree.Join();
    }

    /// <inheritdoc/>
    public void Drain()
    {
        lock (_lock)
        {
            _isDraining = true;
            _trees.ForEach(static tree => tree.BringAll());
            EndWhenDrained();
        }
    }

    /// <summary>Lets all processes go. They wait for their memory until the service starts again, or another agent takes them up.</summary>
    public void Stop()
    {
        ServedTree[] trees;
        lock (_lock)
        {
            _isDraining = true;
            trees = [.. _trees];
        }

        Array.ForEach(trees, static tree => tree.Detach(isForgotten: false));
        Array.ForEach(trees, static tree => tree.Join());
    }

    private void Begin(ServedTree tree)
    {
        lock (_lock)
        {
            _trees.Add(tree);
            _attached += tree.Pids.Count;
            if (_isDraining)
            {
                tree.BringAll();
            }
        }

        tree.Begin();
    }

    private void End(ServedTree tree, ServedEnd end)
    {
        lock (_lock)
        {
            _ = _trees.Remove(tree);
            _ended = PageStatistics.Sum([_ended, .. tree.Statistics]) with { PagesRemaining = 0, WaitingFaults = 0, LongestWait = TimeSpan.Zero };
            _completed += end == ServedEnd.Resident ? tree.Pids.Count : 0;
            EndWhenDrained();
        }
    }

    private void EndWhenDrained()
    {
        if (_isDraining && _trees.Count == 0)
        {
            _ = _drained.TrySetResult();
        }
    }

    private (PageStatistics Ended, PageStatistics[] Served) Done()
    {
        lock (_lock)
        {
            return (_ended, [.. _trees.SelectMany(static tree => tree.Statistics)]);
        }
    }
}
