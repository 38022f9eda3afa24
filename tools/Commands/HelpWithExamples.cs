using System.CommandLine;
using System.CommandLine.Invocation;

namespace LazyRestore.Tools.Commands;

/// <summary>The usual help, with the verb's examples at its end.</summary>
internal sealed class HelpWithExamples(CommandLineAction usual) : SynchronousCommandLineAction
{
    private static readonly Example[] s_overview =
    [
        new("lazyrestore check", "what this kernel and user can do"),
    ];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ((SynchronousCommandLineAction)usual).Invoke(parseResult);
        IReadOnlyList<Example> examples = parseResult.CommandResult.Command is Verb verb ? verb.Examples : s_overview;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        int width = examples.Max(example => example.CommandLine.Length);
        foreach (Example example in examples)
        {
            output.WriteLine($"  {example.CommandLine.PadRight(width)}  # {example.Purpose}");
        }

        return 0;
    }
}
