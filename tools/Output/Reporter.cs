namespace LazyRestore.Tools.Output;

/// <summary>What a command speaks through: results to standard output; log, progress and errors to standard error.</summary>
internal sealed class Reporter
{
    private readonly IResultWriter _results;
    private readonly ILog _log;
    private readonly IProgressDisplay _progress;
    private readonly ReportingOptions _options;

    /// <summary>Speaks as the options of the command line say.</summary>
    public Reporter(Streams streams, ReportingOptions options)
    {
        Streams = streams;
        _options = options;
        _results = options.Json ? new JsonResultWriter(streams) : new TextResultWriter(streams);
        _log = options.JsonLog ? new JsonLog(streams, TimeProvider.System) : new TextLog(streams);
        _progress = options.Progress switch
        {
            ProgressMode.Auto when streams.ErrorIsTerminal && !options.JsonLog => new BarProgress(streams.Error, TimeProvider.System),
            ProgressMode.Plain => new PlainProgress(streams.Error, TimeProvider.System),
            ProgressMode.Json => new JsonProgress(streams.Error, TimeProvider.System),
            _ => new NoProgress(),
        };
    }

    /// <summary>The same log, but nothing for standard output.</summary>
    public Reporter WithoutResults() => new(Streams, _options with { Json = false });

    /// <summary>Whether progress is drawn on the terminal, where it would disturb what else writes there.</summary>
    public bool ProgressTakesTerminal => _progress is BarProgress;

    /// <summary>Where it all goes.</summary>
    public Streams Streams { get; }

    /// <summary>Something happened on the way: programs get an event, people a line of log when they asked for it.</summary>
    public void Event(string name, string message, params ReadOnlySpan<Field> fields)
    {
        _results.Event(name, fields);
        Info(message);
    }

    /// <summary>A detail, told with <c>-v</c>.</summary>
    public void Info(string message)
    {
        if (_options.Verbosity > 0)
        {
            _progress.Clear();
            _log.Info(message);
        }
    }

    /// <summary>Something happened that people have to know of, too.</summary>
    public void Alert(string name, string message, params ReadOnlySpan<Field> fields)
    {
        _results.Event(name, fields);
        Warning(message);
    }

    /// <summary>Something that limits what was asked for.</summary>
    public void Warning(string message)
    {
        _progress.Clear();
        _log.Warning(message);
    }

    /// <summary>How far a long piece of work has come.</summary>
    public void Progress(string work, long donePages, long totalPages, ProgressRemark? remark = null) =>
        _progress.Report(work, donePages, totalPages, remark);

    /// <summary>The long piece of work is over.</summary>
    public void EndProgress() => _progress.Clear();

    /// <summary>The outcome of the command.</summary>
    public void Result(Document document)
    {
        _progress.Clear();
        _results.Result(document);
    }

    /// <summary>The outcome of a command whose answer is one word, for scripts to take: the bare word, or the result in JSON.</summary>
    public void Answer(string word, Document document)
    {
        _progress.Clear();
        if (_results is JsonResultWriter)
        {
            _results.Result(document);
        }
        else
        {
            Streams.Output.WriteLine(word);
        }
    }

    /// <summary>The command failed.</summary>
    /// <returns>The exit code.</returns>
    public int Fail(FailureReport failure)
    {
        _progress.Clear();
        _results.Error(failure);
        _log.Error(failure, withTrace: _options.Verbosity > 1);
        return failure.ExitCode;
    }
}
