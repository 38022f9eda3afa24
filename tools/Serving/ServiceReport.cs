using LazyRestore.Agent.Control;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Serving;

/// <summary>What an agent service tells of itself and its processes.</summary>
internal static class ServiceReport
{
    private static readonly Column[] s_columns =
    [
        new("pid", "PID", Right: true),
        new("first", null),
        new("state", "state"),
        new("pages_remaining", "pages remaining", Right: true),
        new("demand_faults", "faults", Right: true),
        new("waiting_faults", "waiting", Right: true),
        new("image", "image"),
        new("problem", "problem"),
    ];

    /// <summary>The service as a whole.</summary>
    public static Field[] Fields(ServiceStatus status) =>
    [
        new("pid", "service", Value.Count(status.Pid)),
        new("uptime_us", "runs for", Value.Duration(status.Uptime)),
        new("draining", "draining", Value.Flag(status.IsDraining)),
        new("attached", "taken up", Value.Count(status.Attached)),
        new("completed", "completed", Value.Count(status.Completed)),
    ];

    /// <summary>Its processes.</summary>
    public static Table Processes(ServiceStatus status) => new()
    {
        Name = "processes",
        Columns = s_columns,
        Rows = [.. status.Processes.Select(Row)],
    };

    private static Value[] Row(ServedProcess process) =>
    [
        Value.Count(process.Pid),
        Value.Count(process.First),
        Value.Text(process.State == ProcessState.Serving ? "serving" : "awaiting_image"),
        Value.Count(process.PagesRemaining),
        Value.Count(process.DemandFaults),
        Value.Count(process.WaitingFaults),
        Value.Text(process.Image),
        process.Problem is "" ? Value.None : Value.Text(process.Problem),
    ];
}
