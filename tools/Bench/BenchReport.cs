using LazyRestore.Agent.Costs;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Bench;

/// <summary>Measured costs and what follows from them, ready to be shown.</summary>
internal static class BenchReport
{
    private static readonly Column[] s_costColumns =
    [
        new("page_kind", "PAGES"),
        new("other_threads", "OTHER THREADS", Right: true),
        new("batch_pages", "PAGES A CALL", Right: true),
        new("copy_ns", "COPY", Right: true),
        new("move_ns", "MOVE", Right: true),
        new("fill_and_move_ns", "FILL AND MOVE", Right: true),
        new("zero_ns", "ZERO", Right: true),
    ];

    private static readonly Column[] s_crossoverColumns =
    [
        new("other_threads", "OTHER THREADS", Right: true),
        new("move_from_pages", "MOVE", Right: true),
        new("fill_and_move_from_pages", "FILL AND MOVE", Right: true),
    ];

    /// <summary>Lays it out.</summary>
    /// <param name="costs">What was measured.</param>
    /// <param name="keptIn">The file in which restores find it; null when it could not be kept.</param>
    /// <param name="selfTest">How long what a restore measures took.</param>
    public static Document Of(PlacementCosts costs, string? keptIn, TimeSpan selfTest)
    {
        PlacementChoice choice = costs.Choose();
        return new Document
        {
            Fields =
            [
                new("processors", "processors", Value.Count(Environment.ProcessorCount)),
                new("auto_huge_pages", "auto, memory in huge pages", Value.Text(Name(choice.MovesHugePages))),
                new("auto_small_pages", "auto, memory in small pages", Value.Text(Name(choice.MovesSmallPages))),
                new("auto_batch_pages", "auto, pages copied at once", Value.Count(choice.BatchPages)),
                new("self_test_us", "what a restore measures once a boot takes", Value.Duration(selfTest)),
                new("kept_in", "kept until the next boot in", Value.Text(keptIn)),
            ],
            Tables =
            [
                new Table
                {
                    Name = "costs",
                    Title = "Nanoseconds per 4 KiB",
                    Columns = s_costColumns,
                    Rows = [.. costs.All.Select(static cost => (cost.InHugePages, cost.OtherThreads, cost.BatchPages)).Distinct().Order()
                        .Select(way => Row(costs, way.InHugePages, way.OtherThreads, way.BatchPages))],
                },
                new Table
                {
                    Name = "crossovers",
                    Title = "Cheaper than copying from so many pages of 4 KiB a call on",
                    Columns = s_crossoverColumns,
                    Rows = [.. costs.ThreadCounts.Select(threads => (Value[])
                    [
                        Value.Count(threads), From(costs, PlacementKind.Move, threads), From(costs, PlacementKind.FillAndMove, threads),
                    ])],
                },
            ],
        };
    }

    private static Value[] Row(PlacementCosts costs, bool inHugePages, int threads, int batch) =>
    [
        Value.Text(inHugePages ? "2 MiB" : "4 KiB"),
        Value.Count(threads),
        Value.Count(batch),
        .. new[] { PlacementKind.Copy, PlacementKind.Move, PlacementKind.FillAndMove, PlacementKind.Zero }
            .Select(kind => costs.Of(kind, inHugePages, batch, threads) is { } cost ? Value.Count((long)Math.Round(cost)) : Value.None),
    ];

    private static Value From(PlacementCosts costs, PlacementKind kind, int threads) =>
        costs.Crossover(kind, threads) is { } pages ? Value.Count(pages) : Value.None;

    private static string Name(bool moves) => moves ? "move" : "copy";
}
