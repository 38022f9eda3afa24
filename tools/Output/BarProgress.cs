namespace LazyRestore.Tools.Output;

/// <summary>One line of a terminal, written over and over, ten times a second at most.</summary>
internal sealed class BarProgress(TextWriter terminal, TimeProvider time) : IProgressDisplay
{
    private const int BarWidth = 30;
    private const string EraseLine = "\r\e[K";

    private readonly Pace _pace = new(time, TimeSpan.FromMilliseconds(100));
    private bool _shown;

    /// <inheritdoc/>
    public void Report(string work, long donePages, long totalPages, ProgressRemark? remark = null)
    {
        if (!_pace.IsDue())
        {
            return;
        }

        int filled = totalPages > 0 ? (int)(BarWidth * Math.Min(donePages, totalPages) / totalPages) : 0;
        terminal.Write(
            $"{EraseLine}{work} [{new string('#', filled)}{new string('.', BarWidth - filled)}] {ProgressText.Of(donePages, totalPages, remark)}");
        _shown = true;
    }

    /// <inheritdoc/>
    public void Clear()
    {
        if (_shown)
        {
            terminal.Write(EraseLine);
            _shown = false;
        }
    }
}
