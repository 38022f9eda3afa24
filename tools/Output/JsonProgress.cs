namespace LazyRestore.Tools.Output;

/// <summary>A JSON object a line, four times a second at most, for programs that show progress themselves.</summary>
internal sealed class JsonProgress(TextWriter error, TimeProvider time) : IProgressDisplay
{
    private readonly Pace _pace = new(time, TimeSpan.FromMilliseconds(250));

    /// <inheritdoc/>
    public void Report(string work, long donePages, long totalPages, ProgressRemark? remark = null)
    {
        if (_pace.IsDue() || donePages == totalPages)
        {
            error.WriteLine(JsonLine.Event("progress",
            [
                new("work", null, Value.Text(work)),
                new("done_pages", null, Value.Count(donePages)),
                new("total_pages", null, Value.Count(totalPages)),
                .. remark?.Fields ?? [],
            ]));
        }
    }

    /// <inheritdoc/>
    public void Clear()
    {
    }
}
