using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.Restore;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>Follows a restore. Once the process runs, the terminal is its own: nothing is shown there that was not asked for.</summary>
internal sealed class RestoreObserver(Reporter reporter, RunningNotice notice, Action<int, TimeSpan> running) : IRestoreObserver
{
    private bool _isRunning;

    /// <summary>Who counts what is done; null when nobody has asked for metrics.</summary>
    public RestoreMetrics? Metrics { get; init; }

    /// <inheritdoc/>
    public void Serving(Func<IReadOnlyList<PageStatistics>> processes) => Metrics?.Follow(processes);

    /// <inheritdoc/>
    public void Running(int pid, TimeSpan sinceStart)
    {
        _isRunning = true;
        reporter.EndProgress();
        notice.Give(pid);
        running(pid, sinceStart);
    }

    /// <inheritdoc/>
    public void Progress(long residentPages, long totalPages, SourceStatus? source)
    {
        if (!_isRunning || !reporter.ProgressTakesTerminal)
        {
            reporter.Progress("restore", residentPages, totalPages, source is { IsLost: true } ? SourceNews.Remark(source) : null);
        }
    }

    /// <inheritdoc/>
    public void SourceLost(SourceStatus source) => reporter.Alert("source_lost", SourceNews.Lost(source), SourceNews.LostFields(source));

    /// <inheritdoc/>
    public void SourceAwaited(SourceStatus source) => reporter.Alert("source_awaited", SourceNews.Awaited(source), SourceNews.AwaitedFields(source));

    /// <inheritdoc/>
    public void SourceBack(SourceStatus source, TimeSpan lost, TimeSpan longestWait) =>
        reporter.Alert("source_back", SourceNews.Back(source, lost, longestWait), SourceNews.BackFields(source, lost, longestWait));

    /// <inheritdoc/>
    public void PagesPoisoned(long pages) => reporter.Alert(
        "poisoned", $"{pages} pages could not be had: who touches one gets SIGBUS unless it has come since", new Field("pages", null, Value.Count(pages)));

    /// <inheritdoc/>
    public void WorkingSetRecorded(long pages, LazyRestoreException? problem)
    {
        if (problem is null)
        {
            reporter.Event("recorded", $"a working set of {pages} pages is recorded", new Field("pages", null, Value.Count(pages)));
        }
        else
        {
            reporter.Warning($"the working set is not recorded: {problem.Message}");
        }
    }

    /// <summary>Called when the process was given to an agent service, or could not be; null for nobody.</summary>
    public Action? GivenAway { get; init; }

    /// <inheritdoc/>
    public void HandedOver(LazyRestoreException? problem)
    {
        GivenAway?.Invoke();
        if (problem is null)
        {
            reporter.Event("handed_over", "the agent service serves it");
        }
        else
        {
            reporter.Warning($"it is served here: {problem.Message}");
        }
    }

    /// <inheritdoc/>
    public void Resident(TimeSpan sinceStart) => reporter.Event(
        "resident",
        $"all memory is there after {Readable.Duration(sinceStart)}",
        new Field("to_resident_us", null, Value.Duration(sinceStart)));
}
