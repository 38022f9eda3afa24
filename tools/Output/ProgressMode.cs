namespace LazyRestore.Tools.Output;

/// <summary>How progress is shown, <c>--progress</c>.</summary>
internal enum ProgressMode
{
    /// <summary>A bar on a terminal, nothing elsewhere.</summary>
    Auto,

    /// <summary>Lines of text.</summary>
    Plain,

    /// <summary>Lines of JSON.</summary>
    Json,

    /// <summary>Not at all.</summary>
    None,
}
