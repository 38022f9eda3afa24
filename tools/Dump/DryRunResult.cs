using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump;

/// <summary>What a dump would save, and what it would refuse.</summary>
internal sealed record DryRunResult
{
    /// <summary>The process.</summary>
    public required int Pid { get; init; }

    /// <summary>What cannot be saved; empty when the process can.</summary>
    public required IReadOnlyList<Refusal> Refusals { get; init; }

    /// <summary>The process and its descendants.</summary>
    public int Processes { get; init; }

    /// <summary>Their threads.</summary>
    public int Threads { get; init; }

    /// <summary>Their mappings that can be saved.</summary>
    public int Vmas { get; init; }

    /// <summary>The memory to be stored, in bytes; pages that turn out to be zero are among it.</summary>
    public long Bytes { get; init; }

    /// <summary>Their descriptors.</summary>
    public int Descriptors { get; init; }

    /// <summary>The open files that can be saved, without what is in them.</summary>
    public IReadOnlyList<OpenFileRecord> Files { get; init; } = [];
}
