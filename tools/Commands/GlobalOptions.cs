using System.CommandLine;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>The options that every verb has.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print results as JSON, one object a line",
        Recursive = true,
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Tell more on standard error; may be repeated",
        Recursive = true,
    };

    private readonly Option<string> _logFormat = new("--log-format")
    {
        Description = "Format of logs and errors on standard error",
        HelpName = "text|json",
        DefaultValueFactory = _ => "text",
        Recursive = true,
    };

    private readonly Option<string> _progress = new("--progress")
    {
        Description = "How to show progress; auto: a bar when standard error is a terminal",
        HelpName = "auto|plain|json|none",
        DefaultValueFactory = _ => "auto",
        Recursive = true,
    };

    /// <summary>Creates the options.</summary>
    public GlobalOptions()
    {
        _logFormat.AcceptOnlyFromAmong("text", "json");
        _progress.AcceptOnlyFromAmong("auto", "plain", "json", "none");
    }

    /// <summary>Gives the options to <paramref name="root"/> and all its verbs.</summary>
    public void AddTo(Command root)
    {
        root.Add(_json);
        root.Add(_verbose);
        root.Add(_logFormat);
        root.Add(_progress);
    }

    /// <summary>What the user chose; the defaults where the command line could not be understood.</summary>
    public ReportingOptions Read(ParseResult parse) => new()
    {
        Json = parse.GetResult(_json) is { Implicit: false },
        Verbosity = parse.GetResult(_verbose)?.IdentifierTokenCount ?? 0,
        JsonLog = ValueOf(parse, _logFormat) is "json",
        Progress = ValueOf(parse, _progress) switch
        {
            "plain" => ProgressMode.Plain,
            "json" => ProgressMode.Json,
            "none" => ProgressMode.None,
            _ => ProgressMode.Auto,
        },
    };

    // GetValue throws for an option that has a parse error, and errors are reported by these very options.
    private static string? ValueOf(ParseResult parse, Option<string> option) =>
        parse.GetResult(option) is { Tokens: [.., var last] } ? last.Value : null;
}
