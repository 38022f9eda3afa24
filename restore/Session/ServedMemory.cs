using LazyRestore.Agent;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The lazy memory of all processes that were restored together, while it is being filled. When that of one is there, or the process has ended,
/// what is ours is taken out of that process.
/// </summary>
internal sealed class ServedMemory(IReadOnlyList<LazyMemory> memories, IRestoreObserver observer, long totalPages, WorkingSetFile? workingSet)
{
    private const int WatchMilliseconds = 10;
    private const int OrphanCheckMilliseconds = 100;
    private readonly List<LazyMemory> _waiting = [.. memories];
    private readonly SourceWatch _source = new(memories, observer);
    private bool _anyFilled;
    private LazyRestoreException? _failure;

    /// <summary>What was done for each of them so far.</summary>
    internal IReadOnlyList<PageStatistics> Processes => [.. memories.Select(memory => memory.Statistics)];

    /// <summary>The same, with their process IDs.</summary>
    internal IReadOnlyList<(int Pid, PageStatistics Pages)> ByProcess => [.. memories.Select(memory => (memory.Process.Pid, memory.Statistics))];

    /// <summary>Brings all of it, whatever was told before.</summary>
    internal void BringAll()
    {
        foreach (LazyMemory memory in memories)
        {
            memory.BringAll();
        }
    }

    /// <summary>What was done for all of them so far.</summary>
    internal PageStatistics Statistics => PageStatistics.Sum(Processes);

    /// <summary>Serves to the end, or until the processes are let go.</summary>
    /// <param name="detach">Set when they are to be let go; null for never.</param>
    /// <param name="isForgotten">Whether they are no service's then.</param>
    /// <returns>False when every process ended, or executed another program, or was let go before all of its memory was there.</returns>
    /// <exception cref="LazyRestoreException">Pages cannot be had.</exception>
    internal bool Complete(ManualResetEventSlim? detach = null, Func<bool>? isForgotten = null)
    {
        long nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
        while (_waiting.Count > 0)
        {
            if (detach is { IsSet: true })
            {
                Detach(isForgotten?.Invoke() == true ? 0 : null);
                return false;
            }

            bool checks = Environment.TickCount64 >= nextCheck;
            if (checks)
            {
                nextCheck = Environment.TickCount64 + OrphanCheckMilliseconds;
                PageStatistics pages = Statistics;
                observer.Progress(totalPages - pages.PagesRemaining, totalPages, _source.Status);
            }

            _source.Look();
            workingSet?.SaveWhenRecorded(memories[0].Service);
            _waiting.RemoveAll(memory => IsOver(memory, checks));
            _ = _waiting.FirstOrDefault()?.Completion.Wait(WatchMilliseconds);
        }

        _source.Look();
        workingSet?.SaveWhenRecorded(memories[0].Service);
        return _failure is { } failure ? throw failure : _anyFilled;
    }

    /// <summary>Lets all processes go that lack memory: they wait for another agent.</summary>
    /// <param name="service">The service that is to serve them; null when that stays as it was.</param>
    internal void Detach(long? service)
    {
        foreach (LazyMemory memory in _waiting)
        {
            if (service is { } identity)
            {
                memory.Service.IsFor(identity);
            }

            memory.Detach();
        }

        _waiting.Clear();
    }

    private bool IsOver(LazyMemory memory, bool checks)
    {
        Task<PageServiceResult> completion = memory.Completion;
        if (completion.IsCompleted)
        {
            End(memory, completion.Result);
            return true;
        }

        if (memory.Process.WaitForEnd(milliseconds: 0) || (checks && memory.IsOrphaned()))
        {
            memory.Abandon();
            return true;
        }

        return false;
    }

    private void End(LazyMemory memory, PageServiceResult result)
    {
        if (result.Failure is { } failure)
        {
            _failure ??= failure;
            memory.Fail();
        }
        else if (result.End == PageServiceEnd.Resident)
        {
            _anyFilled = true;
            memory.Leave();
        }
        else
        {
            memory.Abandon();
        }
    }
}
