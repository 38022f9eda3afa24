using LazyRestore.Tools.Dump;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Commands;

/// <summary>What a dump has to say at its end.</summary>
internal static class DumpReport
{
    /// <summary>Lays out <paramref name="result"/>.</summary>
    public static Document Of(DumpOptions options, DumpResult result) => new()
    {
        Fields =
        [
            new("pid", "process", Value.Count(options.Pid)),
            new("process_state", "now", Value.Text(options.LeaveRunning ? "running" : options.LeaveStopped ? "stopped" : "ended")),
            new("image", "image", Value.Text(options.Output)),
            new("image_bytes", "image size", Value.Bytes(result.ImageBytes)),
            new("pages", "pages", Value.Count(result.Pages)),
            new("memory_bytes", "memory", Value.Bytes(result.Bytes)),
            new("processes", "processes", Value.Count(result.Processes)),
            new("threads", "threads", Value.Count(result.Threads)),
            new("maps", "mappings", Value.Count(result.Vmas)),
            new("descriptors", "descriptors", Value.Count(result.Descriptors)),
            new("freeze_us", "frozen for", Value.Duration(result.Freeze)),
            new("total_us", "total", Value.Duration(result.Total)),
        ],
    };
}
