namespace LazyRestore.Tools.Output;

/// <summary>Shows nothing.</summary>
internal sealed class NoProgress : IProgressDisplay
{
    /// <inheritdoc/>
    public void Report(string work, long donePages, long totalPages, ProgressRemark? remark = null)
    {
    }

    /// <inheritdoc/>
    public void Clear()
    {
    }
}
