using System.CommandLine;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore completion SHELL</c>.</summary>
internal sealed class CompletionCommand : Verb
{
    private readonly Argument<string> _shell = new("SHELL") { Description = "bash, zsh or fish" };

    /// <summary>Creates the verb.</summary>
    public CompletionCommand(CommandContext context)
        : base(
            context, "completion", "Print the completion script of a shell",
            new("source <(lazyrestore completion bash)", "in ~/.bashrc"),
            new("lazyrestore completion zsh > \"${fpath[1]}/_lazyrestore\"", "once"),
            new("lazyrestore completion fish > ~/.config/fish/completions/lazyrestore.fish", "once"))
    {
        _shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Add(_shell);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        reporter.Streams.Output.Write(CompletionScript.For(parse.GetRequiredValue(_shell)));
        return 0;
    }
}
