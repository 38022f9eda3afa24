using System.CommandLine;
using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent attach</c>.</summary>
internal sealed class AgentAttachCommand : AgentControlVerb
{
    private readonly Argument<int> _pid = new("PID") { Description = "A process", CustomParser = Numbers.ProcessId };

    /// <summary>Creates the verb.</summary>
    public AgentAttachCommand(CommandContext context)
        : base(context, "attach", "Have an agent service take up a restored process that has no agent, and those restored with it", new Example("lazyrestore agent attach 4711 --control unix:/run/lazyrestore.sock", "process 4711 goes on"))
    {
        Add(_pid);
    }

    /// <inheritdoc/>
    protected override void Ask(ControlClient service, ParseResult parse, Reporter reporter)
    {
        int pid = parse.GetRequiredValue(_pid);
        service.Attach(pid);
        reporter.Info($"process {pid} is served");
        reporter.Result(new Document { Fields = [new("pid", null, Value.Count(pid))] });
    }
}
