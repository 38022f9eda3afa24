namespace LazyRestore.Tools.Output;

/// <summary>The log as lines of text: <c>error: …</c>, then <c>  hint: …</c>.</summary>
internal sealed class TextLog(Streams streams) : ILog
{
    /// <inheritdoc/>
    public void Info(string message) => streams.Error.WriteLine($"lazyrestore: {message}");

    /// <inheritdoc/>
    public void Warning(string message) => streams.Error.WriteLine($"warning: {message}");

    /// <inheritdoc/>
    public void Error(FailureReport failure, bool withTrace)
    {
        streams.Error.WriteLine($"error: {failure.Message}");
        if (failure.Hint is not null)
        {
            streams.Error.WriteLine($"  hint: {failure.Hint}");
        }

        if (withTrace && failure.Trace is not null)
        {
            streams.Error.WriteLine(failure.Trace);
        }
    }
}
