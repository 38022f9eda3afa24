using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat;

/// <summary>The records of one process while they are gathered.</summary>
internal sealed class ProcessSection
{
    /// <summary>The process as a whole; null until its record has come.</summary>
    public ProcessRecord? Process { get; set; }

    /// <summary>Where that record stands.</summary>
    public long Offset { get; set; }

    /// <summary>Its memory layout.</summary>
    public MemoryLayoutRecord? Layout { get; set; }

    /// <summary>Its threads.</summary>
    public List<ThreadRecord> Threads { get; } = [];

    /// <summary>Its VMAs.</summary>
    public List<VmaRecord> Vmas { get; } = [];

    /// <summary>Its descriptors.</summary>
    public List<DescriptorRecord> Descriptors { get; } = [];

    /// <summary>The locks that it holds.</summary>
    public List<FileLockRecord> Locks { get; } = [];

    /// <summary>The owners of files that it opened.</summary>
    public List<FileOwnerRecord> Owners { get; } = [];
}
