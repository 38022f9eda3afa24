namespace LazyRestore.Tools.Output;

/// <summary>Writes what a command found out to standard output.</summary>
internal interface IResultWriter
{
    /// <summary>Something happened on the way; only programs hear of it here, people read the log.</summary>
    void Event(string name, ReadOnlySpan<Field> fields);

    /// <summary>The command is done and this is what it has to say.</summary>
    void Result(Document document);

    /// <summary>The command failed; people read it on standard error.</summary>
    void Error(FailureReport failure);
}
