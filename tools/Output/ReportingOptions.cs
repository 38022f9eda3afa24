namespace LazyRestore.Tools.Output;

/// <summary>How a command reports; the options that every verb has.</summary>
internal sealed record ReportingOptions
{
    /// <summary><c>--json</c>: results as JSON.</summary>
    public bool Json { get; init; }

    /// <summary><c>--log-format json</c>.</summary>
    public bool JsonLog { get; init; }

    /// <summary><c>--progress</c>.</summary>
    public ProgressMode Progress { get; init; }

    /// <summary>How often <c>-v</c> was given.</summary>
    public int Verbosity { get; init; }
}
