using LazyRestore.ImageFormat;

namespace LazyRestore.Tools.Dump;

/// <summary>What to checkpoint, where to, and what becomes of the process.</summary>
public sealed record DumpOptions
{
    /// <summary>The process to checkpoint.</summary>
    public required int Pid { get; init; }

    /// <summary>The image's path, or <c>-</c> for standard output.</summary>
    public required string Output { get; init; }

    /// <summary>Let the process go on once its state is read.</summary>
    public bool LeaveRunning { get; init; }

    /// <summary>
    /// Freeze the process only until it is copied, and read its memory from the copy while it goes on; it counts as left running.
    /// </summary>
    public bool Snapshot { get; init; }

    /// <summary>Leave the process stopped (SIGSTOP) once the image is safe on disk.</summary>
    public bool LeaveStopped { get; init; }

    /// <summary>How pages are compressed.</summary>
    public ExtentCodec Codec { get; init; } = ExtentCodec.None;

    /// <summary>Whether the image stays in the page cache when it has been written to a file.</summary>
    public FileCaching Caching { get; init; }

    /// <summary>What the user wants of state that leads outside.</summary>
    public DumpChoices Choices { get; init; } = new();
}
