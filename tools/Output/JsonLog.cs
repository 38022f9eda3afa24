using System.Globalization;

namespace LazyRestore.Tools.Output;

/// <summary>The log as a JSON object a line.</summary>
internal sealed class JsonLog(Streams streams, TimeProvider time) : ILog
{
    /// <inheritdoc/>
    public void Info(string message) => Write("info", message);

    /// <inheritdoc/>
    public void Warning(string message) => Write("warning", message);

    /// <inheritdoc/>
    public void Error(FailureReport failure, bool withTrace)
    {
        Field[] head = [Time(), new("level", null, Value.Text("error"))];
        Field[] trace = withTrace ? [new("trace", null, Value.Text(failure.Trace))] : [];
        streams.Error.WriteLine(JsonLine.Event("error", [.. head, .. failure.Fields(), .. trace]));
    }

    private void Write(string level, string message) => streams.Error.WriteLine(JsonLine.Event(
        "log", [Time(), new("level", null, Value.Text(level)), new("message", null, Value.Text(message))]));

    private Field Time() => new("time", null, Value.Text(time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));
}
