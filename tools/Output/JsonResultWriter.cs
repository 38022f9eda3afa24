namespace LazyRestore.Tools.Output;

/// <summary>One JSON object a line; the last one is the result or the error.</summary>
internal sealed class JsonResultWriter(Streams streams) : IResultWriter
{
    /// <inheritdoc/>
    public void Event(string name, ReadOnlySpan<Field> fields) => streams.Output.WriteLine(JsonLine.Event(name, fields));

    /// <inheritdoc/>
    public void Result(Document document) => streams.Output.WriteLine(JsonLine.Result(document));

    /// <inheritdoc/>
    public void Error(FailureReport failure) => streams.Output.WriteLine(JsonLine.Event("error", failure.Fields()));
}
