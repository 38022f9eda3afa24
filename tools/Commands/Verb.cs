using System.CommandLine;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>A verb of the command line. Whatever it throws becomes one message and one exit code.</summary>
internal abstract class Verb : Command
{
    private readonly CommandContext _context;

    /// <summary>Creates the verb; options are added by its own constructor.</summary>
    protected Verb(CommandContext context, string name, string description, params Example[] examples)
        : base(name, description)
    {
        _context = context;
        Examples = examples;
        SetAction(Invoke);
    }

    /// <summary>Shown at the end of the verb's help.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>Does what the verb says.</summary>
    /// <returns>The exit code.</returns>
    protected abstract int Run(ParseResult parse, Reporter reporter);

    /// <summary>Whether standard output carries the data itself, so that results have to go to standard error.</summary>
    protected virtual bool WritesDataToOutput(ParseResult parse) => false;

    private int Invoke(ParseResult parse)
    {
        Streams streams = WritesDataToOutput(parse) ? _context.Streams.WithResultsOnError() : _context.Streams;
        Reporter reporter = new(streams, _context.Globals.Read(parse));
        try
        {
            return Run(parse, reporter);
        }
        catch (Exception exception)
        {
            return reporter.Fail(FailureReport.Of(exception));
        }
    }
}
