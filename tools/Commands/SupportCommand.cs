using System.CommandLine;
using LazyRestore.Tools.Dump.Support;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore support</c>: the tables of docs/support.md.</summary>
internal sealed class SupportCommand : Verb
{
    /// <summary>Creates the verb.</summary>
    public SupportCommand(CommandContext context)
        : base(
            context, "support", "Print the tables of what is saved and what is refused, as in docs/support.md",
            new Example("lazyrestore support", "in Markdown")) => Hidden = true;

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        reporter.Streams.Output.Write(SupportTables.Markdown());
        return 0;
    }
}
