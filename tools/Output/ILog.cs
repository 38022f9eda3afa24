namespace LazyRestore.Tools.Output;

/// <summary>Tells people, or a log collector, on standard error.</summary>
internal interface ILog
{
    /// <summary>Something a person who asked for details wants to know.</summary>
    void Info(string message);

    /// <summary>Something that limits what was asked for.</summary>
    void Warning(string message);

    /// <summary>The command failed.</summary>
    void Error(FailureReport failure, bool withTrace);
}
