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
            new("to_resident_us", null, Value.Duration(result.ToResident)),
            new("exit_status", null, result.ExitStatus is { } status ? Value.Count(status) : Value.None),
        ],
    };
}
