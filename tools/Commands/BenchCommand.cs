using System.CommandLine;
using System.Diagnostics;
using LazyRestore.Agent.Costs;
using LazyRestore.Tools.Bench;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary><c>lazyrestore bench</c>.</summary>
internal sealed class BenchCommand : Verb
{
    /// <summary>Creates the verb.</summary>
    public BenchCommand(CommandContext context)
        : base(
            context, "bench", "Measure what copying and moving pages cost on this machine, and what restores make of it",
            new("lazyrestore bench", "takes a second or two; restores use the result until the next boot"),
            new("lazyrestore bench --json", "the same for programs"))
    {
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse, Reporter reporter)
    {
        long start = Stopwatch.GetTimestamp();
        _ = CostMeasurement.Measure(MeasurementPlan.Quick);
        TimeSpan selfTest = Stopwatch.GetElapsedTime(start);
        PlacementCosts costs = CostMeasurement.Measure(MeasurementPlan.Thorough);
        CostCache? cache = CostCache.OfThisBoot();
        reporter.Result(BenchReport.Of(costs, cache?.TryStore(costs) == true ? cache.FilePath : null, selfTest));
        return 0;
    }
}
