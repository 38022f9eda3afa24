using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Descriptors;

namespace LazyRestore.Tools.Dump;

/// <summary>
/// What an image says about a process but the content of pages: read while the process is frozen, before anything is written. What belongs to
/// the image as a whole, such as mapped files, stands with its first process.
/// </summary>
internal sealed record ProcessState
{
    /// <summary>The header.</summary>
    public required HeaderRecord Header { get; init; }

    /// <summary>What belongs to the process as a whole.</summary>
    public required ProcessRecord Process { get; init; }

    /// <summary>Where its code, arguments and so on lie.</summary>
    public required MemoryLayoutRecord Layout { get; init; }

    /// <summary>The threads, the leader first.</summary>
    public required IReadOnlyList<ThreadRecord> Threads { get; init; }

    /// <summary>The VMAs, by address.</summary>
    public required IReadOnlyList<VmaRecord> Vmas { get; init; }

    /// <summary>The files that VMAs map.</summary>
    public required IReadOnlyList<MappedFileRecord> MappedFiles { get; init; }

    /// <summary>The memory objects, each with a path that opens it.</summary>
    public required IReadOnlyList<(MemoryObjectRecord Record, string Path)> Objects { get; init; }

    /// <summary>The System V objects.</summary>
    public IReadOnlyList<CheckpointRecord> SystemV { get; init; } = [];

    /// <summary>The descriptors, and the open files that this process is the first to have.</summary>
    public required OpenFiles Files { get; init; }

    /// <summary>The records behind the header in the order in which they are written.</summary>
    public IReadOnlyList<CheckpointRecord> Records =>
    [
        Process, Layout, .. Threads, .. Vmas, .. MappedFiles, .. Objects.Select(one => one.Record), .. Files.Records, .. SystemV,
    ];
}
