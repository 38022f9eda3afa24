using System.CommandLine;
using LazyRestore.Restore;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent --resume PID</c>.</summary>
internal sealed class AgentCommand : Verb
{
    private readonly Option<int> _resume = new("--resume")
    {
        Description = "The restored process whose agent died, and which waits for its memory since",
        HelpName = "PID",
        Required = true,
        CustomParser = Numbers.ProcessId,
    };

    /// <summary>Creates the verb.</summary>
    public AgentCommand(CommandContext context)
        : base(
            context, "agent", "Serve the memory of a restored process whose agent died",
            new Example("lazyrestore agent --resume 4711", "process 4711 goes on; returns when all its memory is there"))
    {
        Add(_resume);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        int pid = parse.GetRequiredValue(_resume);
        using Interruption interruption = new();
        RestoreObserver observer = new(reporter, RunningNotice.None, (_, _) => { });
        RestoreResult result = RestoreSession.Resume(pid, observer, interruption.Token);
        reporter.Result(RestoreReport.Of(result));
        return 0;
    }
}
