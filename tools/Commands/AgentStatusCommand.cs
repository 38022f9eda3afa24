using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Serving;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent status</c>.</summary>
internal sealed class AgentStatusCommand : AgentControlVerb
{
    /// <summary>Creates the verb.</summary>
    public AgentStatusCommand(CommandContext context)
        : base(context, "status", "Tell how an agent service is", new Example("lazyrestore agent status --control unix:/run/lazyrestore.sock", "the service as a whole"))
    {
    }

    /// <inheritdoc/>
    protected override void Ask(ControlClient service, ParseResult parse, Reporter reporter)
    {
        ServiceStatus status = service.Status();
        reporter.Result(new Document { Fields = ServiceReport.Fields(status), Tables = [ServiceReport.Processes(status)] });
    }
}
