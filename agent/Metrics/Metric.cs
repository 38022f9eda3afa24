namespace LazyRestore.Agent.Metrics;

/// <summary>A metric with all its numbers of a moment, named and measured as OpenTelemetry's conventions have it.</summary>
/// <param name="Name">Its name, such as lazyrestore.page.faults.</param>
/// <param name="Kind">What kind of numbers it has.</param>
/// <param name="Unit">Its unit after UCUM: s, By, or what is counted in braces, such as {page}.</param>
/// <param name="Description">What it says, for people.</param>
/// <param name="Samples">The numbers.</param>
public sealed record Metric(string Name, MetricKind Kind, string Unit, string Description, IReadOnlyList<MetricSample> Samples);
