using System.CommandLine;
using System.CommandLine.Invocation;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>The usual help, with the verb's examples at its end.</summary>
internal sealed class HelpWithExamples(CommandLineAction usual, Streams streams) : SynchronousCommandLineAction
{
    private static readonly Example[] s_overview =
    [
        new("lazyrestore dump 4711 -o redis.ckpt", "save process 4711; it ends once the image is safe on disk"),
        new("lazyrestore restore redis.ckpt", "let it go on, its memory still arriving"),
        new("lazyrestore inspect redis.ckpt maps", "look into the image"),
        new("lazyrestore check", "what this kernel and user can do"),
    ];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output = streams.Output;
        ((SynchronousCommandLineAction)usual).Invoke(parseResult);
        IReadOnlyList<Example> examples = parseResult.CommandResult.Command is Verb verb ? verb.Examples : s_overview;
        output.WriteLine("Examples:");
        int width = examples.Max(example => example.CommandLine.Length);
        foreach (Example example in examples)
        {
            output.WriteLine($"  {example.CommandLine.PadRight(width)}  # {example.Purpose}");
        }

        return 0;
    }
}
