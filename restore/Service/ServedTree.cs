using System.Diagnostics;
using LazyRestore.Agent;
using LazyRestore.Agent.Control;
using LazyRestore.Agent.Sources;
using LazyRestore.ImageFormat;
using LazyRestore.Restore.Session;

namespace LazyRestore.Restore.Service;

/// <summary>Processes that were restored together, in the hands of a service, on a thread of their own from being taken up to the end.</summary>
internal sealed class ServedTree
{
    private static readonly TimeSpan s_patienceWithOthers = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private readonly AbandonedTree _tree;
    private readonly string _imagePath;
    private readonly long _service;
    private readonly IServiceObserver _observer;
    private readonly Action<ServedTree, ServedEnd> _ended;
    private readonly ManualResetEventSlim _detach = new();
    private readonly TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CheckpointImage? _image;
    private ServedMemory? _served;
    private volatile LazyRestoreException? _problem;
    private volatile bool _bringsAll;
    private volatile bool _isForgotten;

    private ServedTree(AbandonedTree tree, CheckpointImage? image, long service, IServiceObserver observer, Action<ServedTree, ServedEnd> ended)
    {
        _tree = tree;
        _image = image;
        _service = service;
        _observer = observer;
        _ended = ended;
        Pids = tree.Pids;
        _imagePath = tree.ImagePath;
        _thread = new Thread(Run) { Name = $"tree {Pids[0]}", IsBackground = true };
    }

    /// <summary>The processes; those that were restored as the first of a tree come first.</summary>
    internal IReadOnlyList<int> Pids { get; }

    /// <summary>Ends when they are served; fails when they will not be.</summary>
    internal Task Serving => _serving.Task;

    /// <summary>What was done for each; empty before it is known.</summary>
    internal IReadOnlyList<PageStatistics> Statistics => Volatile.Read(ref _served)?.Processes ?? [];

    /// <summary>How they are.</summary>
    internal IEnumerable<ServedProcess> Processes => Volatile.Read(ref _served) is { } served
        ? served.ByProcess.Select(process => Describe(process.Pid, ProcessState.Serving, process.Pages))
        : Pids.Select(pid => Describe(pid, ProcessState.AwaitingImage, pages: null));

    /// <summary>Starts with processes whose place is taken and whose image is open; it is owned.</summary>
    internal static ServedTree Start(
        AbandonedTree tree, CheckpointImage image, long service, IServiceObserver observer, Action<ServedTree, ServedEnd> ended) =>
        new(tree, image, service, observer, ended);

    /// <summary>Starts with processes that the service served before it died: whatever stands in the way of serving them again is waited for.</summary>
    internal static ServedTree StartAgain(AbandonedTree tree, long service, IServiceObserver observer, Action<ServedTree, ServedEnd> ended) =>
        new(tree, image: null, service, observer, ended);

    /// <summary>Begins.</summary>
    internal void Begin() => _thread.Start();

    /// <summary>Brings all of their memory, whatever they were restored with.</summary>
    internal void BringAll()
    {
        _bringsAll = true;
        Volatile.Read(ref _served)?.BringAll();
    }

    /// <summary>Lets them go: they wait for another agent.</summary>
    /// <param name="isForgotten">Whether they are the service's no more when it starts again.</param>
    internal void Detach(bool isForgotten)
    {
        _isForgotten = isForgotten;
        _detach.Set();
    }

    /// <summary>Waits until it has ended.</summary>
    internal void Join() => _thread.Join();

    private void Run()
    {
        ServedEnd end = ServedEnd.Failed;
        LazyRestoreException? problem = null;
        try
        {
            end = (_image is not null || TryTakeAgain()) && TryOpen() ? Serve(_image!) : ServedEnd.Detached;
        }
        catch (Exception exception)
        {
            problem = exception as LazyRestoreException
                ?? new LazyRestoreException(FailureReason.Failed, $"serving process {Pids[0]} failed: {exception.Message}", "Please report this.", exception);
            _ = _serving.TrySetException(problem);
        }

        _ended(this, end);
        if (end == ServedEnd.Detached && _isForgotten)
        {
            _tree.Mark(0);
        }

        _tree.Dispose();
        _image?.Dispose();
        _ = _serving.TrySetResult();
        _observer.Ended(Pids, end, problem);
    }

    // What keeps the descriptors of the dead service keeps those of all its processes, and locks among them, until the last of these is taken.
    private bool TryTakeAgain()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                _tree.Take(_service);
                return true;
            }
            catch (LazyRestoreException) when (Stopwatch.GetElapsedTime(start) < s_patienceWithOthers)
            {
                if (_detach.Wait(millisecondsTimeout: 5))
                {
                    return false;
                }
            }
        }
    }

    private bool TryOpen()
    {
        TimeSpan pause = s_firstPause;
        while (_image is null)
        {
            try
            {
                _image = ImageOpener.Open(_imagePath);
            }
            catch (LazyRestoreException problem)
            {
                if (_problem?.Message != problem.Message)
                {
                    _observer.Waiting(Pids, problem);
                }

                _problem = problem;
                if (_detach.Wait(pause))
                {
                    return false;
                }

                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
        }

        _problem = null;
        return true;
    }

    private ServedEnd Serve(CheckpointImage image)
    {
        IReadOnlyList<LazyMemory> memories = _tree.Resume(image, hydration: null);
        if (memories.Count == 0)
        {
            return ServedEnd.Gone;
        }

        foreach (LazyMemory memory in memories)
        {
            memory.Service.IsFor(_service);
        }

        IRestoreObserver observer = _observer.Attached(Pids);
        ServedMemory served = new(memories, observer, image.Index.TotalPages, workingSet: null);
        Volatile.Write(ref _served, served);
        if (_bringsAll)
        {
            served.BringAll();
        }

        _serving.SetResult();
        bool anyFilled = served.Complete(_detach, () => _isForgotten);
        return anyFilled ? ServedEnd.Resident : _detach.IsSet ? ServedEnd.Detached : ServedEnd.Gone;
    }

    private ServedProcess Describe(int pid, ProcessState state, PageStatistics? pages) => new()
    {
        Pid = pid,
        First = Pids[0],
        State = state,
        Image = _imagePath,
        PagesRemaining = pages?.PagesRemaining ?? 0,
        DemandFaults = pages?.DemandFaults ?? 0,
        WaitingFaults = pages?.WaitingFaults ?? 0,
        Problem = _problem?.Message ?? "",
    };
}
