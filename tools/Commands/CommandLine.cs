using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>The whole command line: the tree of verbs, and how an invocation ends.</summary>
internal static class CommandLine
{
    private const string Description =
        "Checkpoint Linux processes, and bring them back before their memory is there.";

    /// <summary>Runs what <paramref name="args"/> ask for.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, Streams streams)
    {
        CommandContext context = new(new GlobalOptions(), streams, args);
        ParseResult parse = Build(context, args is [string first, ..] ? first : null).Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            return UsageError.Report(parse, context);
        }

        return parse.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    // Only what an invocation names is made: it is a tenth of the time to start.
    private static RootCommand Build(CommandContext context, string? first)
    {
        RootCommand root = new(Description);
        foreach (Verb verb in first == "--version" ? [] : Verbs(context, first))
        {
            root.Add(verb);
        }

        context.Globals.AddTo(root);
        foreach (Option option in root.Options)
        {
            switch (option)
            {
                case HelpOption help: help.Action = new HelpWithExamples(help.Action!, context.Streams); break;
                case VersionOption version: version.Action = new VersionAction(context.Streams); break;
            }
        }

        return root;
    }

    private static Verb[] Verbs(CommandContext context, string? name) => name switch
    {
        DumpCommand.VerbName => [new DumpCommand(context)],
        RestoreCommand.VerbName => [new RestoreCommand(context)],
        AgentCommand.VerbName => [new AgentCommand(context)],
        _ =>
        [
            new DumpCommand(context),
            new RestoreCommand(context),
            new AgentCommand(context),
            new InspectCommand(context),
            new CheckCommand(context),
            new DemoCommand(context),
            new CompletionCommand(context),
        ],
    };
}
