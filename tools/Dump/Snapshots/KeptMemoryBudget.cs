using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.Snapshots;

/// <summary>
/// How much memory a snapshot may fill with what it has to read while the process is frozen: half of what is available, so that
/// neither the process nor its copy goes short.
/// </summary>
internal sealed class KeptMemoryBudget(int pid)
{
    private readonly long _most = KeyedText.Parse(File.ReadAllText("/proc/meminfo")).Text("MemAvailable") is var text
        ? long.Parse(text.AsSpan(0, text.IndexOf(' '))) * 1024 / 2
        : 0;

    private long _taken;

    /// <summary>Accounts for pages before they are read.</summary>
    /// <exception cref="LazyRestoreException">They are too many.</exception>
    public void Take(IEnumerable<PageRange> ranges)
    {
        _taken += ranges.Sum(range => range.Pages) * PageRange.PageSize;
        if (_taken > _most)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"process {pid} has {_taken >> 20} MiB of memory that it shares or keeps from its children, which a copy of it does not hold: "
                + $"too much to be kept in memory, where {_most >> 20} MiB can be taken",
                "Dump without --snapshot; with -R the process goes on afterwards.");
        }
    }
}
