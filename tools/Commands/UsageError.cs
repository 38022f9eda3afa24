using System.CommandLine;
using System.CommandLine.Parsing;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>Tells what is wrong with a command line: exit code 2.</summary>
internal static class UsageError
{
    /// <summary>Reports the errors of <paramref name="parse"/>.</summary>
    public static int Report(ParseResult parse, CommandContext context)
    {
        Reporter reporter = new(context.Streams, context.Globals.Read(parse));
        Command command = parse.CommandResult.Command;
        string help = command is RootCommand ? "lazyrestore --help" : $"lazyrestore {command.Name} --help";
        return reporter.Fail(new FailureReport
        {
            ExitCode = (int)FailureReason.Usage,
            Message = Message(parse),
            Hint = Suggestion(parse) is { } verb ? $"Did you mean '{verb}'? See '{help}'." : $"See '{help}'.",
        });
    }

    // A wrong verb is two errors to the parser, a missing and an unknown one; the user made one.
    private static string Message(ParseResult parse) => (parse.CommandResult.Command, parse.UnmatchedTokens) switch
    {
        (RootCommand, [var first, ..]) => $"'{first}' is not a verb of lazyrestore",
        (RootCommand, []) when parse.Errors.Count is 1 => "a verb is missing",
        _ => string.Join("; ", parse.Errors.Select(error => OnOneLine(error.Message)).Distinct()),
    };

    private static string OnOneLine(string message) =>
        string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    private static string? Suggestion(ParseResult parse)
    {
        if (parse.CommandResult.Command is not RootCommand root || parse.UnmatchedTokens is not [var typed, ..])
        {
            return null;
        }

        return root.Subcommands
            .Select(verb => (verb.Name, Distance: EditDistance.Between(typed, verb.Name)))
            .Where(candidate => candidate.Distance <= 2)
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }
}
