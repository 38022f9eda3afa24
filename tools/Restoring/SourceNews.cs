using LazyRestore.Agent.Sources;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>What there is to say about a source of pages that comes and goes.</summary>
internal static class SourceNews
{
    /// <summary>For people: it is lost.</summary>
    public static string Lost(SourceStatus source) => $"{source.Name} is lost: {source.Problem}; who needs a page waits";

    /// <summary>For programs: it is lost.</summary>
    public static Field[] LostFields(SourceStatus source) => [Name(source), new("problem", null, Value.Text(source.Problem ?? "")), .. Waiting(source)];

    /// <summary>For people: it is still lost.</summary>
    public static string Awaited(SourceStatus source) => $"{source.Name} is {Remark(source).Text}: {source.Problem}";

    /// <summary>For programs: it is still lost.</summary>
    public static Field[] AwaitedFields(SourceStatus source) => [Name(source), .. Remark(source).Fields];

    /// <summary>For people: it is back.</summary>
    public static string Back(SourceStatus source, TimeSpan lost, TimeSpan longestWait) =>
        $"{source.Name} is back after {Readable.Duration(lost)}; {(longestWait > TimeSpan.Zero ? $"a page was waited for {Readable.Duration(longestWait)}" : "nobody has waited")}";

    /// <summary>For programs: it is back.</summary>
    public static Field[] BackFields(SourceStatus source, TimeSpan lost, TimeSpan longestWait) =>
        [Name(source), new("lost_us", null, Value.Duration(lost)), new("waited_us", null, Value.Duration(longestWait))];

    /// <summary>Beside the progress of a restore.</summary>
    public static ProgressRemark Remark(SourceStatus source) => new(
        source.WaitingFaults == 0
            ? $"lost for {Readable.Duration(source.LostFor)}"
            : $"lost for {Readable.Duration(source.LostFor)}, {source.WaitingFaults} faults wait, the first for {Readable.Duration(source.LongestWait)}",
        [new("lost_us", null, Value.Duration(source.LostFor)), .. Waiting(source)]);

    private static Field Name(SourceStatus source) => new("source", null, Value.Text(source.Name));

    private static Field[] Waiting(SourceStatus source) =>
        [new("waiting_faults", null, Value.Count(source.WaitingFaults)), new("waited_us", null, Value.Duration(source.LongestWait))];
}
