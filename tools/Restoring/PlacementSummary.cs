using System.Globalization;
using LazyRestore.Agent.Tuning;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>How pages were placed in a restore, when that changed, and why.</summary>
internal static class PlacementSummary
{
    private static readonly Column[] s_columns =
    [
        new("after_us", null),
        new("to", null),
        new("copy_page_ns", null),
        new("move_page_ns", null),
    ];

    /// <summary>For programs.</summary>
    public static Field[] Fields(PlacementReport placement) =>
    [
        new("placement", null, Value.Text(Name(placement.Method))),
        new("placement_reason", null, Value.Text(Name(placement.LastReason))),
        new("placement_batch_pages", null, Value.Count(placement.BatchPages)),
        new("copy_page_ns", null, Nanoseconds(placement.CopyNanoseconds)),
        new("move_page_ns", null, Nanoseconds(placement.MoveNanoseconds)),
        new("placing_us", null, Value.Duration(placement.Worked)),
        new("placement_trials_us", null, Value.Duration(placement.Tried)),
    ];

    /// <summary>The switches, for programs.</summary>
    public static Table Switches(PlacementReport placement) => new()
    {
        Name = "placement_switches",
        Columns = s_columns,
        Rows = [.. placement.Switches.Select(static change => (Value[])
        [
            Value.Duration(change.After), Value.Text(Name(change.To)), Nanoseconds(change.CopyNanoseconds), Nanoseconds(change.MoveNanoseconds),
        ])],
    };

    /// <summary>For people, a line each.</summary>
    public static IEnumerable<string> Lines(PlacementReport placement)
    {
        string why = placement.Reason switch
        {
            ChoiceReason.OnlyWay => "there is no mover",
            ChoiceReason.Told => "as --placement says",
            ChoiceReason.KnownCosts => "by what lazyrestore bench or an earlier restore measured",
            _ => "as is usually right",
        };
        yield return $"whole extents: {Name(placement.First)}, {why}; {placement.BatchPages} pages are copied at once";
        foreach (PlacementSwitch change in placement.Switches)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{Name(change.To)} instead after {Readable.Duration(change.After)}: a page took {change.CopyNanoseconds / 1000:0.##} µs to copy, {change.MoveNanoseconds / 1000:0.##} µs to move");
        }
    }

    private static Value Nanoseconds(double? time) => time is { } known ? Value.Count((long)Math.Round(known)) : Value.None;

    private static string Name(PlacementMethod method) => method is PlacementMethod.Move ? "move" : "copy";

    private static string Name(ChoiceReason reason) => reason switch
    {
        ChoiceReason.OnlyWay => "only_way",
        ChoiceReason.Told => "told",
        ChoiceReason.KnownCosts => "known_costs",
        ChoiceReason.Measured => "measured",
        _ => "assumed",
    };
}
