using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>The whole command line: the tree of verbs, and how an invocation ends.</summary>
internal static class CommandLine
{
    private const string Name = "lazyrestore";
    private const string Description =
        "Checkpoint Linux processes, and bring them back before their memory is there.";

    /// <summary>Runs what <paramref name="args"/> ask for.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, Streams streams)
    {
        CommandContext context = new(new GlobalOptions(), streams, args);
        ParseResult parse = Build(context, args).Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            return UsageError.Report(parse, context);
        }

        return parse.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    // Only what an invocation names is made: the whole tree, its help and the search for its own name are a fifth of the time to start.
    private static Command Build(CommandContext context, string[] args)
    {
        Verb? only = args.Any(MayAskForHelp) ? null : Only(context, args is [string first, ..] ? first : null);
        Command root = only is null ? BuildAll(context, args) : new Command(Name, Description) { only };
        context.Globals.AddTo(root);
        return root;
    }

    private static RootCommand BuildAll(CommandContext context, string[] args)
    {
        RootCommand root = new(Description);
        foreach (Verb verb in args is ["--version"] ? [] : Verbs(context))
        {
            root.Add(verb);
        }

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

    // Options of one letter may be written together.
    private static bool MayAskForHelp(string argument) =>
        argument is "--help" || (argument is ['-', not '-', ..] or ['/', _] && argument.AsSpan().ContainsAny('h', '?'));

    private static Verb? Only(CommandContext context, string? name) => name switch
    {
        DumpCommand.VerbName => new DumpCommand(context),
        RestoreCommand.VerbName => new RestoreCommand(context),
        AgentCommand.VerbName => new AgentCommand(context),
        ServeCommand.VerbName => new ServeCommand(context),
        PushCommand.VerbName => new PushCommand(context),
        _ => null,
    };

    private static Verb[] Verbs(CommandContext context) =>
    [
        new DumpCommand(context),
        new RestoreCommand(context),
        new AgentCommand(context),
        new ServeCommand(context),
        new PushCommand(context),
        new InspectCommand(context),
        new CheckCommand(context),
        new BenchCommand(context),
        new DemoCommand(context),
        new CompletionCommand(context),
        new SupportCommand(context),
    ];
}
