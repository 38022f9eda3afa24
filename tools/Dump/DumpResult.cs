namespace LazyRestore.Tools.Dump;

/// <summary>What a dump stored and what it cost.</summary>
public sealed record DumpResult
{
    /// <summary>Pages stored.</summary>
    public required long Pages { get; init; }

    /// <summary>Bytes of memory stored, before compression.</summary>
    public required long Bytes { get; init; }

    /// <summary>The image's size in bytes.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>How long the process was frozen: from the first interrupt until it went on or ended.</summary>
    public required TimeSpan Freeze { get; init; }

    /// <summary>How long everything took.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>Processes stored.</summary>
    public required int Processes { get; init; }

    /// <summary>Threads stored.</summary>
    public required int Threads { get; init; }

    /// <summary>VMAs stored.</summary>
    public required int Vmas { get; init; }

    /// <summary>File descriptors stored.</summary>
    public required int Descriptors { get; init; }
}
