using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent detach</c>.</summary>
internal sealed class AgentDetachCommand : AgentControlVerb
{
    private readonly Argument<int> _pid = new("PID") { Description = "A process", CustomParser = Numbers.ProcessId };

    /// <summary>Creates the verb.</summary>
    public AgentDetachCommand(CommandContext context)
        : base(context, "detach", "Have an agent service let a process go, and those restored with it; they wait for another agent", new Example("lazyrestore agent detach 4711 --control unix:/run/lazyrestore.sock", "process 4711 waits for its missing memory"))
    {
        Add(_pid);
    }

    /// <inheritdoc/>
    protected override void Ask(ControlClient service, ParseResult parse, Reporter reporter)
    {
        int pid = parse.GetRequiredValue(_pid);
        service.Detach(pid);
        reporter.Info($"process {pid} waits for another agent");
        reporter.Result(new Document { Fields = [new("pid", null, Value.Count(pid))] });
    }
}
