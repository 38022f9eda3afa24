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
        ParseResult parse = Build(context).Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            return UsageError.Report(parse, context);
        }

        return parse.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>The verbs with their options.</summary>
    internal static RootCommand Build(CommandContext context)
    {
        RootCommand root = new(Description)
        {
            new DumpCommand(context),
            new RestoreCommand(context),
            new AgentCommand(context),
            new InspectCommand(context),
            new CheckCommand(context),
            new DemoCommand(context),
            new CompletionCommand(context),
        };
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
}
