namespace LazyRestore.Tools.Output;

/// <summary>A line of text a second, for logs.</summary>
internal sealed class PlainProgress(TextWriter error, TimeProvider time) : IProgressDisplay
{
    private readonly Pace _pace = new(time, TimeSpan.FromSeconds(1));

    /// <inheritdoc/>
    public void Report(string work, long donePages, long totalPages, ProgressRemark? remark = null)
    {
        if (_pace.IsDue() || donePages == totalPages)
        {
            error.WriteLine($"{work}: {ProgressText.Of(donePages, totalPages, remark)}");
        }
    }

    /// <inheritdoc/>
    public void Clear()
    {
    }
}
