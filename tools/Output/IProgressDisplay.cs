namespace LazyRestore.Tools.Output;

/// <summary>Shows how far a long piece of work has come, on standard error.</summary>
internal interface IProgressDisplay
{
    /// <summary>
    /// <paramref name="donePages"/> of <paramref name="totalPages"/> pages are through, and perhaps there is something to remark. Called
    /// often: shows only what a reader can follow.
    /// </summary>
    void Report(string work, long donePages, long totalPages, ProgressRemark? remark = null);

    /// <summary>The work is over, well or not; what follows starts on a clean line.</summary>
    void Clear();
}
