using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>All that an image says about the open files of a process.</summary>
/// <param name="Files">The open file descriptions.</param>
/// <param name="Descriptors">The descriptors that refer to them, ascending.</param>
/// <param name="Locks">The locks and leases that they hold.</param>
/// <param name="Owners">Who is signalled when they become ready.</param>
public sealed record OpenFiles(
    IReadOnlyList<OpenFileRecord> Files,
    IReadOnlyList<DescriptorRecord> Descriptors,
    IReadOnlyList<FileLockRecord> Locks,
    IReadOnlyList<FileOwnerRecord> Owners)
{
    /// <summary>The records in the order in which they are written.</summary>
    public IEnumerable<CheckpointRecord> Records => [.. Files, .. Descriptors, .. Locks, .. Owners];
}
