using System.CommandLine;
using LazyRestore.Agent;
using LazyRestore.Agent.Metrics;
using LazyRestore.Restore;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore agent --resume PID</c>. A signal ends it as it would end any agent: the process waits for another.</summary>
internal sealed class AgentCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "agent";

    private readonly Option<int> _resume = new("--resume")
    {
        Description = "The restored process whose agent died, and which waits for its memory since",
        HelpName = "PID",
        Required = true,
        CustomParser = Numbers.ProcessId,
    };

    private readonly Option<string> _prefetch = new Option<string>("--prefetch")
    {
        Description = "How memory arrives that nobody has asked for yet; without it, as the first agent was told",
        HelpName = "linear|none",
    }.AcceptOnlyFromAmong("linear", "none");

    private readonly Option<MetricsAddress?> _metrics = MetricsOption.Create();

    /// <summary>Creates the verb.</summary>
    public AgentCommand(CommandContext context)
        : base(
            context, VerbName, "Serve the memory of a restored process whose agent died",
            new Example("lazyrestore agent --resume 4711", "process 4711 goes on; returns when all its memory is there"))
    {
        Add(_resume);
        Add(_prefetch);
        Add(_metrics);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        using var metrics = RestoreMetrics.OfSuccessor(parse.GetValue(_metrics), reporter);
        using RunningNotice nobody = RunningNotice.ToNobody();
        RestoreObserver observer = new(reporter, nobody, (pid, sinceStart) => reporter.Event(
            "running", $"process {pid} is served again", RestoreReport.Running(pid, sinceStart)))
        {
            Metrics = metrics,
        };
        HydrationOrder? order = parse.GetValue(_prefetch) switch
        {
            "none" => HydrationOrder.None,
            "linear" => HydrationOrder.Linear,
            _ => null,
        };
        reporter.Result(RestoreReport.Of(RestoreSession.Resume(parse.GetRequiredValue(_resume), order, observer)));
        return 0;
    }
}
