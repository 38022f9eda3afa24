using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Check;

/// <summary>The findings of all probes, ready to be shown.</summary>
internal static class CheckReport
{
    private static readonly Column[] s_columns =
    [
        new("feature", "FEATURE"),
        new("state", "STATE"),
        new("needed", "NEEDED"),
        new("detail", "DETAIL"),
        new("remedy", "REMEDY"),
    ];

    /// <summary>Lays out <paramref name="findings"/>.</summary>
    public static Document Of(IReadOnlyList<(Probe Probe, Finding Finding)> findings) => new()
    {
        Fields = [new("supported", null, Value.Flag(IsSupported(findings)))],
        Tables =
        [
            new Table
            {
                Name = "features",
                Columns = s_columns,
                Rows = [.. findings.Select(found => Row(found.Probe, found.Finding))],
            },
        ],
    };

    /// <summary>Whether nothing that is needed is missing.</summary>
    public static bool IsSupported(IReadOnlyList<(Probe Probe, Finding Finding)> findings) =>
        !findings.Any(IsMissed);

    /// <summary>Whether this is missing and needed.</summary>
    public static bool IsMissed((Probe Probe, Finding Finding) found) =>
        found.Probe.Needed && found.Finding.State is FeatureState.Missing;

    private static Value[] Row(Probe probe, Finding finding) =>
    [
        Value.Text(probe.Feature),
        finding.State switch
        {
            FeatureState.Ok => Value.Text("ok") with { Mood = Mood.Good },
            FeatureState.Limited => Value.Text("limited") with { Mood = Mood.Doubtful },
            _ => Value.Text("missing") with { Mood = probe.Needed ? Mood.Bad : Mood.Doubtful },
        },
        Value.Flag(probe.Needed),
        Value.Text(finding.Detail),
        Value.Text(finding.Remedy),
    ];
}
