using System.CommandLine;
using LazyRestore.Agent;
using LazyRestore.Agent.Metrics;
using LazyRestore.Restore;
using LazyRestore.Tools.Output;
using LazyRestore.Tools.Restoring;
using LazyRestore.Tools.Serving;

namespace LazyRestore.Tools.Commands;

/// <summary>
/// <c>lazyrestore agent</c>: serves one process whose agent died, or any number as a service. A signal ends it as it would end any agent: processes
/// wait for another.
/// </summary>
internal sealed class AgentCommand : Verb
{
    /// <summary>The name of the verb.</summary>
    public const string VerbName = "agent";

    private readonly Option<int> _resume = new("--resume")
    {
        Description = "The restored process whose agent died, and which waits for its memory since",
        HelpName = "PID",
        CustomParser = Numbers.ProcessId,
    };

    private readonly Option<string> _prefetch = new Option<string>("--prefetch")
    {
        Description = "How memory arrives that nobody has asked for yet; without it, as the first agent was told",
        HelpName = "linear|none",
    }.AcceptOnlyFromAmong("linear", "none");

    private readonly Option<string> _listen = ControlOption.Create(
        "--listen", "Serve any number of processes, and listen there for who controls it; those that it served before it died are taken up again");

    private readonly Option<MetricsAddress?> _metrics = MetricsOption.Create();

    /// <summary>Creates the verb.</summary>
    public AgentCommand(CommandContext context)
        : base(
            context, VerbName, "Serve the memory of restored processes",
            new Example("lazyrestore agent --resume 4711", "process 4711, whose agent died, goes on; returns when all its memory is there"),
            new Example("lazyrestore agent --listen unix:/run/lazyrestore.sock --metrics 127.0.0.1:9464", "a service for many"),
            new Example("lazyrestore restore -d redis.ckpt --agent unix:/run/lazyrestore.sock", "give it a process"),
            new Example("lazyrestore agent list --control unix:/run/lazyrestore.sock", "see which it has"))
    {
        Validators.Add(result =>
        {
            if (result.Children.OfType<System.CommandLine.Parsing.CommandResult>().Any())
            {
                return;
            }

            if (result.GetResult(_resume) is null == result.GetResult(_listen) is null)
            {
                result.AddError("give either --resume or --listen");
            }
            else if (result.GetResult(_listen) is not null && result.GetResult(_prefetch) is not null)
            {
                result.AddError("--prefetch is for --resume: a service brings memory as each restore was told");
            }
        });
        Add(_resume);
        Add(_prefetch);
        Add(_listen);
        Add(_metrics);
        Add(new AgentListCommand(context));
        Add(new AgentStatusCommand(context));
        Add(new AgentAttachCommand(context));
        Add(new AgentDetachCommand(context));
        Add(new AgentDrainCommand(context));
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter) => parse.GetValue(_listen) is { } socket
        ? AgentServiceRun.Run(socket, parse.GetValue(_metrics), reporter)
        : Resume(parse, reporter);

    private int Resume(ParseResult parse, Reporter reporter)
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
