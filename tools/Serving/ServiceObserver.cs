using LazyRestore.Agent;
using LazyRestore.Agent.Sources;
using LazyRestore.Restore;
using LazyRestore.Restore.Service;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Serving;

/// <summary>Tells what becomes of the processes of a service, one at a time.</summary>
internal sealed class ServiceObserver(Reporter reporter) : IServiceObserver
{
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public IRestoreObserver Attached(IReadOnlyList<int> pids)
    {
        Tell("attached", $"{Name(pids)} served", Pids(pids));
        return new TreeObserver(this, pids);
    }

    /// <inheritdoc/>
    public void Waiting(IReadOnlyList<int> pids, LazyRestoreException problem) =>
        Alert("waiting", $"{Name(pids)} waiting for the image: {problem.Message}", Pids(pids), Problem(problem));

    /// <inheritdoc/>
    public void Ended(IReadOnlyList<int> pids, ServedEnd end, LazyRestoreException? problem)
    {
        switch (end)
        {
            case ServedEnd.Resident: Tell("resident", $"{Name(pids)} served no more: all memory is there", Pids(pids)); break;
            case ServedEnd.Gone: Tell("gone", $"{Name(pids)} served no more: gone", Pids(pids)); break;
            case ServedEnd.Detached: Tell("detached", $"{Name(pids)} served no more: waiting for another agent", Pids(pids)); break;
            default: Alert("failed", $"{Name(pids)} served no more: {problem?.Message}", Pids(pids), Problem(problem)); break;
        }
    }

    private static string Name(IReadOnlyList<int> pids) => pids.Count == 1 ? $"process {pids[0]} is" : $"processes {string.Join(", ", pids)} are";

    private static Field Pids(IReadOnlyList<int> pids) => new("pids", null, Value.List(pids.Select(static pid => Value.Count(pid))));

    private static Field Problem(LazyRestoreException? problem) => new("problem", null, Value.Text(problem?.Message));

    private void Tell(string name, string message, params Field[] fields)
    {
        lock (_lock)
        {
            reporter.Event(name, message, fields);
        }
    }

    private void Alert(string name, string message, params Field[] fields)
    {
        lock (_lock)
        {
            reporter.Alert(name, message, fields);
        }
    }

    // What is said of a restore, about processes among others.
    private sealed class TreeObserver(ServiceObserver service, IReadOnlyList<int> pids) : IRestoreObserver
    {
        private string Of => pids.Count == 1 ? $"process {pids[0]}" : $"processes {string.Join(", ", pids)}";

        public void Serving(Func<IReadOnlyList<PageStatistics>> processes)
        {
        }

        public void Running(int pid, TimeSpan sinceStart)
        {
        }

        public void Progress(long residentPages, long totalPages, SourceStatus? source)
        {
        }

        public void SourceLost(SourceStatus source) => service.Alert("source_lost", $"{Of}: {SourceNews.Lost(source)}", [Pids(pids), .. SourceNews.LostFields(source)]);

        public void SourceAwaited(SourceStatus source) =>
            service.Alert("source_awaited", $"{Of}: {SourceNews.Awaited(source)}", [Pids(pids), .. SourceNews.AwaitedFields(source)]);

        public void SourceBack(SourceStatus source, TimeSpan lost, TimeSpan longestWait) => service.Alert(
            "source_back", $"{Of}: {SourceNews.Back(source, lost, longestWait)}", [Pids(pids), .. SourceNews.BackFields(source, lost, longestWait)]);

        public void PagesPoisoned(long pages) =>
            service.Alert("poisoned", $"{Of}: {pages} pages could not be had", Pids(pids), new Field("pages", null, Value.Count(pages)));

        public void WorkingSetRecorded(long pages, LazyRestoreException? problem)
        {
        }

        public void HandedOver(LazyRestoreException? problem)
        {
        }

        public void Resident(TimeSpan sinceStart)
        {
        }
    }
}
