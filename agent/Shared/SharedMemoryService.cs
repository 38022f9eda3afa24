using LazyRestore.Agent.Faults;
using LazyRestore.Agent.Serving;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.State;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Shared;

/// <summary>
/// Serves the shared memory of one restored process, on one thread of its own and by a userfaultfd of its own. It differs from private memory in one
/// thing: MADV_REMOVE, after which a page reads as zero, and MADV_DONTNEED, after which it reads as before, are announced by the
/// same event. Therefore no event is read before every page is in its file. The process waits with its event until then, and from
/// then on the kernel does what either means.
/// </summary>
public sealed unsafe partial class SharedMemoryService : IDisposable
{
    private readonly UserFault _process;
    private readonly UserFault _own;
    private readonly PageState _state;
    private readonly PageServiceOptions _options;
    private readonly ServiceCounters _counters;
    private readonly List<SharedFile> _files = [];
    private readonly List<SharedPart> _parts = [];
    private readonly Queue<ulong> _deferred = new();
    private readonly FillAround _fillAround;
    private readonly SharedWait _wait = new();
    private readonly TaskCompletionSource<PageServiceResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private long _remaining;
    private volatile bool _isReleased;
    private volatile bool _bringsAll;
    private volatile bool _stopping;
    private bool _isDisposed;

    /// <summary>Creates the service of a process.</summary>
    /// <param name="image">The image, a file; it must live as long as the service.</param>
    /// <param name="uffd">The userfaultfd that the mappings are registered with, and nothing else; owned.</param>
    /// <param name="state">The state of the process's pages, new or taken up; it stays the caller's.</param>
    /// <param name="objects">The objects; their files are owned.</param>
    /// <param name="options">How to work.</param>
    /// <exception cref="LazyRestoreException">The objects cannot be filled.</exception>
    public SharedMemoryService(
        CheckpointImage image, SafeFileHandle uffd, PageState state, IReadOnlyList<SharedObject> objects, PageServiceOptions options)
    {
        _process = new UserFault(uffd);
        _own = UserFault.Create(UserFaultFeatures.MissingShmem);
        _state = state.MapAgain();
        _options = options;
        _counters = new ServiceCounters(_state);
        _fillAround = new FillAround(options.FillAroundLimitPages, Math.Min(options.FillAroundLimitPages, LeastWindowPages));
        foreach (SharedObject memory in objects)
        {
            using SafeFileHandle file = memory.File;
            _files.Add(new SharedFile(image, memory, _own, _process));
            _parts.AddRange(_files[^1].Parts);
        }

        _remaining = IsComplete ? 0 : CountRemaining();
        _isMoved = IsComplete;
        _process.SetNonBlocking();
        _thread = new Thread(Run) { Name = "shared pages", IsBackground = true };
    }

    /// <summary>Ends when every page is where it belongs, or nothing can be done; the service goes on answering until it is stopped.</summary>
    public Task<PageServiceResult> Completion => _completion.Task;

    /// <summary>How many pages of the image are not known to be there.</summary>
    public long Remaining => Volatile.Read(ref _remaining);

    /// <summary>What the page sources have brought so far.</summary>
    public SourceTraffic Traffic => _files.Aggregate(new SourceTraffic("file", 0, 0, 0), static (sum, file) => sum + file.Traffic);

    private bool IsComplete => Volatile.Read(ref _state.Header->SharedIsComplete) != 0;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Brings what nobody asks for from now on, unless that is not wanted at all.</summary>
    public void ReleaseBulk()
    {
        _isReleased = true;
        _wait.Interrupt();
    }

    /// <summary>Brings all of it once it may bring what nobody asks for, whatever the options said.</summary>
    public void BringAll() => _bringsAll = true;

    private bool MayHydrate => _isReleased && (_bringsAll || _options.Hydration != HydrationOrder.None);

    /// <summary>Stops the work, whatever is missing, and waits until the thread has ended.</summary>
    public void Stop()
    {
        _stopping = true;
        _wait.Interrupt();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _ = _completion.TrySetResult(new PageServiceResult(PageServiceEnd.Stopped));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        Stop();
        _files.ForEach(file => file.Dispose());
        _own.Dispose();
        _process.Dispose();
        _state.Dispose();
        _wait.Dispose();
    }

    private void Run()
    {
        try
        {
            const ulong LowestAddress = 0x10000;
            const ulong HighestAddress = 0x7FFF_FFFF_F000;

            // What a former agent had read and not answered is announced again.
            _ = _process.Wake(LowestAddress, HighestAddress - LowestAddress);
            while (!_stopping)
            {
                if (IsComplete)
                {
                    Attend();
                }
                else
                {
                    Fill();
                }
            }
        }
        catch (LazyRestoreException failure)
        {
            Fail(failure);
        }
        catch (Exception unexpected)
        {
            // Whatever it is, the user of the service has to hear of it: the process waits.
            Fail(new LazyRestoreException(
                FailureReason.Failed, $"serving shared memory failed: {unexpected.Message}", "Please report this.", innerException: unexpected));
        }
    }

    private void Fail(LazyRestoreException failure) => _ = _completion.TrySetResult(new PageServiceResult(PageServiceEnd.Failed, failure));

    private long CountRemaining()
    {
        long remaining = 0;
        foreach (SharedFile file in _files)
        {
            remaining += file.Remaining;
        }

        return remaining;
    }
}
