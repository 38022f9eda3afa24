using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Serving;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent list</c>.</summary>
internal sealed class AgentListCommand : AgentControlVerb
{
    /// <summary>Creates the verb.</summary>
    public AgentListCommand(CommandContext context)
        : base(context, "list", "List the processes of an agent service", new Example("lazyrestore agent list --control unix:/run/lazyrestore.sock", "one line a process"))
    {
    }

    /// <inheritdoc/>
    protected override void Ask(ControlClient service, ParseResult parse, Reporter reporter) =>
        reporter.Result(new Document { Tables = [ServiceReport.Processes(service.Status())] });
}
