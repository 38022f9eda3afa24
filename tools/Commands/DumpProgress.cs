using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>Shows how a dump gets on.</summary>
internal sealed class DumpProgress(Reporter reporter, int pid) : IDumpObserver
{
    /// <inheritdoc/>
    public void Frozen(int threads) => reporter.Event(
        "frozen",
        $"froze process {pid} with {threads} {(threads is 1 ? "thread" : "threads")}",
        new("pid", null, Value.Count(pid)),
        new("threads", null, Value.Count(threads)));

    /// <inheritdoc/>
    public void Thawed(TimeSpan freeze) => reporter.Event(
        "thawed",
        $"process {pid} goes on after {Readable.Duration(freeze)}",
        new("pid", null, Value.Count(pid)),
        new("freeze_us", null, Value.Duration(freeze)));

    /// <inheritdoc/>
    public void PagesWritten(long done, long total) => reporter.Progress("dump", done, total);
}
