using System.Globalization;
using LazyRestore.Agent.Sources;
using LazyRestore.Agent.Tuning;

namespace LazyRestore.Agent.Metrics;

/// <summary>What page services have done together, as metrics. Counted is what <see cref="PageStatistics"/> has; docs/metrics.md explains each.</summary>
public static class PageMetrics
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>The metrics of services.</summary>
    /// <param name="pages">What they have done together, those that have ended among them.</param>
    /// <param name="reports">How those place pages that work now.</param>
    public static IEnumerable<Metric> Of(PageStatistics pages, IReadOnlyCollection<PlacementReport> reports) =>
        [.. Faults(pages), .. Pages(pages), .. Sources(pages), .. Placement(pages.PlacementTotals, reports)];

    private static IEnumerable<Metric> Faults(PageStatistics pages) =>
    [
        Counter("lazyrestore.page.faults.received", "{fault}", "Page faults that were read.", MetricSample.Of(pages.DemandFaults)),
        Counter(
            "lazyrestore.page.faults", "{fault}", "Page faults that have come to an end, by what they were and what they came to.",
            [
                .. from kind in Enum.GetValues<FaultKind>()
                from outcome in Enum.GetValues<FaultOutcome>()
                where IsPossible(kind, outcome)
                select MetricSample.Of(pages.Faults[kind, outcome], ("kind", Name(kind)), ("outcome", Name(outcome))),
            ]),
        Durations(pages),
        Counter("lazyrestore.page.fault.waits", "{fault}", "Page faults that had to wait for their page to arrive.", MetricSample.Of(pages.AwaitedFaults)),
        Counter("lazyrestore.page.fault.wait", "s", "How long those have waited that were served since.", MetricSample.Of(pages.AwaitedTime.TotalSeconds)),
        Gauge("lazyrestore.page.faults.waiting", "{fault}", "Page faults that wait for their page to arrive now.", MetricSample.Of(pages.WaitingFaults)),
        Gauge("lazyrestore.page.fault.longest_wait", "s", "How long the first of them has waited.", MetricSample.Of(pages.LongestWait.TotalSeconds)),
    ];

    private static IEnumerable<Metric> Pages(PageStatistics pages) =>
    [
        Gauge("lazyrestore.pages.remaining", "{page}", "Pages of images that processes still lack.", MetricSample.Of(pages.PagesRemaining)),
        Counter(
            "lazyrestore.pages.placed", "{page}", "Pages of 4 KiB that were placed, by how.",
            MetricSample.Of(pages.CopiedPages - pages.ForceCopiedPages, ("placement", "copy")),
            MetricSample.Of(pages.MovedPages, ("placement", "move")),
            MetricSample.Of(pages.ForceCopiedPages, ("placement", "force_copy")),
            MetricSample.Of(pages.ContinuedPages, ("placement", "continue")),
            MetricSample.Of(pages.ZeroPages, ("placement", "zero"))),
        Counter(
            "lazyrestore.pages.hydrated", "{page}", "Pages that were placed before anybody touched them, a part of those placed.",
            MetricSample.Of(pages.HydratedPages)),
        Counter(
            "lazyrestore.placement.retries", "{placement}", "Attempts to place pages that were put off because the address space was changing.",
            MetricSample.Of(pages.Deferred)),
        Counter(
            "lazyrestore.pages.lost", "{page}", "Pages that could not be had (damaged), raise SIGBUS (poisoned), or were thrown away before they came (dropped).",
            MetricSample.Of(pages.DamagedPages, ("reason", "damaged")),
            MetricSample.Of(pages.PoisonedPages, ("reason", "poisoned")),
            MetricSample.Of(pages.DroppedPages, ("reason", "dropped"))),
        Counter(
            "lazyrestore.memory.events", "{event}", "Changes of address spaces that were followed, by kind.",
            MetricSample.Of(pages.ForkEvents, ("event", "fork")),
            MetricSample.Of(pages.RemapEvents, ("event", "remap")),
            MetricSample.Of(pages.RemoveEvents, ("event", "remove")),
            MetricSample.Of(pages.UnmapEvents, ("event", "unmap"))),
    ];

    private static IEnumerable<Metric> Sources(PageStatistics pages) =>
    [
        Counter("lazyrestore.source", "By", "Bytes that came from page sources, as they are stored.", [.. BySource(pages, static source => source.Bytes)]),
        Counter("lazyrestore.source.requests", "{request}", "What was asked for.", [.. BySource(pages, static source => source.Requests)]),
        Counter(
            "lazyrestore.source.retries", "{request}", "Questions that had to be asked again, or of another server.",
            [.. BySource(pages, static source => source.Retries)]),
    ];

    private static IEnumerable<MetricSample> BySource(PageStatistics pages, Func<SourceTraffic, long> value) =>
        pages.Sources.Select(source => MetricSample.Of(value(source), ("source", source.Kind)));

    // What the tuners have decided, and why.
    private static IEnumerable<Metric> Placement(PlacementTotals totals, IReadOnlyCollection<PlacementReport> reports) =>
    [
        Gauge(
            "lazyrestore.placement.choices", "{process}", "Processes, by how their whole extents are placed now and why.",
            [
                .. reports.GroupBy(static report => (report.Method, report.LastReason)).Select(static alike =>
                    MetricSample.Of(alike.Count(), ("method", Name(alike.Key.Method)), ("reason", Name(alike.Key.LastReason)))),
            ]),
        Counter(
            "lazyrestore.placement.switches", "{switch}", "Changes to the other method because the one until then had cost more, by the one taken up.",
            Switches(totals.SwitchesToCopy, PlacementMethod.Copy),
            Switches(totals.SwitchesToMove, PlacementMethod.Move)),
        Gauge(
            "lazyrestore.placement.page_cost", "s", "What placing 4 KiB takes, by method, where it is known: the mean of the processes.",
            [.. Cost(PlacementMethod.Copy, reports.Select(static report => report.CopyNanoseconds)), .. Cost(PlacementMethod.Move, reports.Select(static report => report.MoveNanoseconds))]),
        Gauge(
            "lazyrestore.placement.batch", "{page}", "Pages that are copied at once while nobody waits: the most of the processes.",
            reports.Count == 0 ? [] : [MetricSample.Of(reports.Max(static report => report.BatchPages))]),
        Counter(
            "lazyrestore.placement.time", "s", "The time in which pages were placed (worked), and the part of it in which the other method was tried (tried).",
            MetricSample.Of(totals.Worked.TotalSeconds, ("part", "worked")),
            MetricSample.Of(totals.Tried.TotalSeconds, ("part", "tried"))),
    ];

    private static MetricSample Switches(long count, PlacementMethod to) => MetricSample.Of(count, ("to", Name(to)), ("reason", Name(ChoiceReason.Measured)));

    private static MetricSample[] Cost(PlacementMethod method, IEnumerable<double?> nanoseconds) =>
        nanoseconds.Average() is { } known ? [MetricSample.Of(known / NanosecondsPerSecond, ("method", Name(method)))] : [];

    // Bucket N ends where N + 1 begins, at 2^(N+1) nanoseconds.
    private static Metric Durations(PageStatistics pages)
    {
        List<MetricSample> samples = [];
        long count = 0;
        for (int bucket = 0; bucket < pages.ServiceTimes.Length; bucket++)
        {
            count += pages.ServiceTimes[bucket];
            bool isLast = bucket == pages.ServiceTimes.Length - 1;
            string end = isLast ? "+Inf" : ((1L << (bucket + 1)) / NanosecondsPerSecond).ToString("R", CultureInfo.InvariantCulture);
            samples.Add(new MetricSample(count, "_bucket", ("le", end)));
        }

        samples.Add(new MetricSample(pages.ServiceTime.TotalSeconds, "_sum"));
        samples.Add(new MetricSample(count, "_count"));
        return new Metric(
            "lazyrestore.page.fault.duration", MetricKind.Histogram, "s", "From reading a fault of private memory to having served it.", samples);
    }

    private static bool IsPossible(FaultKind kind, FaultOutcome outcome) => outcome switch
    {
        FaultOutcome.Continued => kind == FaultKind.Shared,
        FaultOutcome.Copied or FaultOutcome.Moved or FaultOutcome.AlreadyPresent or FaultOutcome.Discarded or FaultOutcome.Poisoned => kind != FaultKind.Shared,
        _ => true,
    };

    private static Metric Counter(string name, string unit, string description, params MetricSample[] samples) =>
        new(name, MetricKind.Counter, unit, description, samples);

    private static Metric Gauge(string name, string unit, string description, params MetricSample[] samples) =>
        new(name, MetricKind.Gauge, unit, description, samples);

    // OnlyWay is only_way.
    private static string Name<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select(static (letter, place) =>
            char.IsAsciiLetterUpper(letter) ? $"{(place > 0 ? "_" : "")}{char.ToLowerInvariant(letter)}" : letter.ToString()));
}
