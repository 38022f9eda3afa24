namespace LazyRestore.ImageFormat.Records;

/// <summary>The addresses the kernel keeps for an address space: struct prctl_mm_map, PR_SET_MM_MAP in prctl(2).</summary>
public sealed record MemoryLayoutRecord : CheckpointRecord
{
    /// <summary>Start of the program's text.</summary>
    public required ulong StartCode { get; init; }

    /// <summary>End of the program's text.</summary>
    public required ulong EndCode { get; init; }

    /// <summary>Start of the program's initialised data.</summary>
    public required ulong StartData { get; init; }

    /// <summary>End of the program's initialised data.</summary>
    public required ulong EndData { get; init; }

    /// <summary>Where the heap begins.</summary>
    public required ulong StartBrk { get; init; }

    /// <summary>The current program break, brk(2).</summary>
    public required ulong Brk { get; init; }

    /// <summary>The stack pointer at the start of the program.</summary>
    public required ulong StartStack { get; init; }

    /// <summary>Start of the command line.</summary>
    public required ulong ArgStart { get; init; }

    /// <summary>End of the command line.</summary>
    public required ulong ArgEnd { get; init; }

    /// <summary>Start of the environment.</summary>
    public required ulong EnvStart { get; init; }

    /// <summary>End of the environment.</summary>
    public required ulong EnvEnd { get; init; }

    /// <summary>The auxiliary vector, raw, as /proc/PID/auxv gives it.</summary>
    public required ReadOnlyMemory<byte> Auxv { get; init; }
}
