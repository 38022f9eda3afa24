namespace LazyRestore.Tools.Output;

/// <summary>Progress in words.</summary>
internal static class ProgressText
{
    private const int PageSize = 4096;

    /// <summary>Such as <c>37 % of 1.00 GiB</c>, and a remark.</summary>
    public static string Of(long donePages, long totalPages, ProgressRemark? remark = null) =>
        $"{Readable.Percent(donePages, totalPages)} of {Readable.Bytes(totalPages * PageSize)}{(remark is null ? "" : $", {remark.Text}")}";
}
