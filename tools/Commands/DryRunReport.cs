using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Dump.Support;
using LazyRestore.Tools.Inspect;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>What a dry run has found.</summary>
internal static class DryRunReport
{
    /// <summary>Lays out <paramref name="result"/>.</summary>
    public static Document Of(DryRunResult result) => new()
    {
        Fields =
        [
            new("pid", "process", Value.Count(result.Pid)),
            new("can_be_saved", "can be saved", Value.Flag(result.Refusals.Count == 0) with { Mood = result.Refusals.Count == 0 ? Mood.Good : Mood.Bad }),
            new("memory_bytes", "memory", Value.Bytes(result.Bytes)),
            new("processes", "processes", Value.Count(result.Processes)),
            new("threads", "threads", Value.Count(result.Threads)),
            new("maps", "mappings", Value.Count(result.Vmas)),
            new("descriptors", "descriptors", Value.Count(result.Descriptors)),
        ],
        Tables = [Saved(result), Refused(result.Refusals)],
    };

    private static Table Saved(DryRunResult result) => new()
    {
        Name = "files",
        Title = "Open files that would be saved",
        Columns = [new("kind", "KIND"), new("count", "COUNT", Right: true)],
        Rows =
        [
            .. result.Files.GroupBy(FileDescription.Kind).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => (Value[])[Value.Text(group.Key), Value.Count(group.Count())]),
        ],
    };

    private static Table Refused(IReadOnlyList<Refusal> refusals) => new()
    {
        Name = "refusals",
        Title = "What cannot be saved",
        Columns = [new("subject", "SUBJECT"), new("kind", "KIND"), new("detail", "DETAIL"), new("remedy", "REMEDY")],
        Rows =
        [
            .. refusals.Select(refusal => (Value[])
            [
                Value.Text(refusal.Subject),
                Value.Text(refusal.Kind.Name),
                Value.Text(refusal.Detail.Length > 0 ? refusal.Detail : null),
                Value.Text(refusal.Kind.Remedy),
            ]),
        ],
    };
}
