using LazyRestore.Agent;
using LazyRestore.Restore;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Restoring;

/// <summary>What a restore has to say, for programs: people see the restored process itself.</summary>
internal static class RestoreReport
{
    /// <summary>The process runs.</summary>
    public static Field[] Running(int pid, TimeSpan sinceStart) =>
    [
        new("pid", null, Value.Count(pid)),
        new("to_running_us", null, Value.Duration(sinceStart)),
    ];

    /// <summary>The end of it all.</summary>
    public static Document Of(RestoreResult result) => new()
    {
        Fields =
        [
            .. Running(result.Pid, result.ToRunning),
            new("to_resident_us", null, result.ToResident is { } resident ? Value.Duration(resident) : Value.None),
            new("exit_status", null, result.ExitStatus is { } status ? Value.Count(status) : Value.None),
            .. result.Pages is { } pages ? Paging(pages) : [],
            .. result.Pages?.Placement is { } placement ? PlacementSummary.Fields(placement) : [],
        ],
        Tables = result.Pages?.Placement is { } placed ? [PlacementSummary.Switches(placed)] : [],
    };

    private static Field[] Paging(PageStatistics pages) =>
    [
        new("demand_faults", null, Value.Count(pages.DemandFaults)),
        new("copied_pages", null, Value.Count(pages.CopiedPages)),
        new("moved_pages", null, Value.Count(pages.MovedPages)),
        new("force_copied_pages", null, Value.Count(pages.ForceCopiedPages)),
        new("moved_extents", null, Value.Count(pages.MovedExtents)),
        new("continued_pages", null, Value.Count(pages.ContinuedPages)),
        new("hydrated_pages", null, Value.Count(pages.HydratedPages)),
        new("zero_pages", null, Value.Count(pages.ZeroPages)),
        new("dropped_pages", null, Value.Count(pages.DroppedPages)),
        new("poisoned_pages", null, Value.Count(pages.PoisonedPages)),
        new("missing_pages", null, Value.Count(pages.PagesRemaining)),
    ];
}
