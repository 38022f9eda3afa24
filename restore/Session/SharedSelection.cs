using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Session;

/// <summary>
/// The shared memory objects whose pages come lazily: those that one process has mappings of and nothing else, since only through a
/// mapping of a process that is watched a missing page is noticed. What is small is put in place at once, which costs less. Follows from image and options alone, so a successor
/// of the agent selects the same.
/// </summary>
internal sealed class SharedSelection
{
    private const int LeastPages = 64;
    private const int MostObjects = 128;
    private const int SealSeal = 1;
    private const int SealShrink = 2;
    private const int SealGrow = 4;

    // The agent probes there whether the process still exists.
    private const ulong ProbedAddress = 0x10000;

    private readonly Dictionary<int, IReadOnlyList<(MemoryObjectRecord Record, VmaRecord[] Vmas)>> _bySpace = [];

    private SharedSelection()
    {
    }

    /// <summary>Selects.</summary>
    internal static SharedSelection Of(CheckpointImage image, RestoreOptions options)
    {
        SharedSelection selection = new();
        foreach (Checkpoint process in image.Checkpoint.Processes.Where(process => !options.Eager && LazyMemory.Select(image, process).Length > 0))
        {
            selection._bySpace.Add(process.Process.Space, Of(image, process));
        }

        return selection;
    }

    /// <summary>What was selected of a process when it was restored, of which a holder that has the objects is the proof.</summary>
    internal static IReadOnlyList<(MemoryObjectRecord Record, VmaRecord[] Vmas)> Of(CheckpointImage image, Checkpoint process)
    {
        return image.Bytes is not FileImageBytes
            ? []
            : [
                .. process.Objects
                    .Select(record => (record, Vmas: VmasOf(record, process)))
                    .Where(memory => CanBeLazy(memory.record, memory.Vmas, image.Checkpoint)
                        && image.Index.InSpace(memory.record.Id).Sum(static extent => (long)extent.PresentPages) >= LeastPages)
                    .Take(MostObjects),
            ];
    }

    /// <summary>The objects that come lazily through the mappings of a process, and where they are mapped.</summary>
    internal IReadOnlyList<(MemoryObjectRecord Record, VmaRecord[] Vmas)> Of(Checkpoint process) => _bySpace.GetValueOrDefault(process.Process.Space, []);

    /// <summary>Whether an object comes lazily.</summary>
    internal bool IsLazy(int id) => _bySpace.Values.Any(objects => objects.Any(memory => memory.Record.Id == id));

    private static VmaRecord[] VmasOf(MemoryObjectRecord record, Checkpoint checkpoint) =>
        [.. checkpoint.Vmas.Where(vma => vma.Kind is VmaKind.Object or VmaKind.PrivateObject && vma.BackingId == record.Id)];

    // A seal against writing would keep us from filling the object, and the kernel from registering its mappings.
    private static bool CanBeLazy(MemoryObjectRecord record, VmaRecord[] vmas, Checkpoint checkpoint) =>
        record.Kind is MemoryObjectKind.SharedAnonymous or MemoryObjectKind.MemFd
        && (record.Seals & ~(SealSeal | SealShrink | SealGrow)) == 0
        && vmas.Length > 0
        && vmas.Length == checkpoint.Processes.Sum(process => VmasOf(record, process).Length)
        && vmas.All(static vma => vma.Kind == VmaKind.Object && vma.Start > ProbedAddress)
        && !checkpoint.Files.Any(file => file is ObjectFileRecord open && open.ObjectId == record.Id);
}
