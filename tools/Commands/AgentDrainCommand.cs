using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent drain</c>.</summary>
internal sealed class AgentDrainCommand : AgentControlVerb
{
    /// <summary>Creates the verb.</summary>
    public AgentDrainCommand(CommandContext context)
        : base(context, "drain", "Have an agent service bring all memory, take no further processes, and end", new Example("lazyrestore agent drain --control unix:/run/lazyrestore.sock", "it ends when all have their memory"))
    {
    }

    /// <inheritdoc/>
    protected override void Ask(ControlClient service, ParseResult parse, Reporter reporter)
    {
        service.Drain();
        reporter.Info("the service ends when all memory is there");
        reporter.Result(new Document());
    }
}
