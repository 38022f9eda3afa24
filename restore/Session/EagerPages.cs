using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Puts in place what cannot come lazily. It is written through /proc/PID/mem, which also reaches mappings that the process may only read.
/// </summary>
internal static class EagerPages
{
    private const ulong PageMask = MemoryConstants.PageSize - 1;

    /// <summary>
    /// Puts arguments and environment in place, because /proc/PID/cmdline does not wait for a missing page. They lie in memory that is lazy
    /// otherwise: nobody could write there from outside once that is registered.
    /// </summary>
    internal static void FillArguments(CheckpointImage image, Checkpoint checkpoint, int pid)
    {
        MemoryLayoutRecord layout = checkpoint.Layout;
        ObjectPages.Range arguments = new(
            layout.ArgStart & ~PageMask, (Math.Max(layout.ArgEnd, layout.EnvEnd) + PageMask) & ~PageMask);
        using ForcedMemory memory = new(pid);
        ObjectPages.Copy(image, checkpoint.Process.Space, [arguments], memory.Write);
    }

    /// <summary>
    /// Puts changed pages of private file mappings in place, which userfaultfd does not serve, and shared memory that does not come lazily.
    /// </summary>
    internal static void FillFiles(CheckpointImage image, Checkpoint checkpoint, int pid, SharedSelection shared)
    {
        using ForcedMemory memory = new(pid);
        ObjectPages.Range[] changed =
        [
            .. checkpoint.Vmas.Where(vma => vma.Kind is VmaKind.PrivateFile or VmaKind.PrivateObject)
                .Select(vma => new ObjectPages.Range(vma.Start, vma.End)),
        ];
        ObjectPages.Copy(image, checkpoint.Process.Space, changed, memory.Write);
        foreach (MemoryObjectRecord record in checkpoint.Objects)
        {
            if (MemoryObjects.IsMappedWhole(record, image.Checkpoint) && !shared.IsLazy(record.Id)
                && checkpoint.Vmas.FirstOrDefault(vma => vma.Kind == VmaKind.Object && vma.BackingId == record.Id) is { } mapping)
            {
                ObjectPages.Copy(image, record.Id, (offset, pages) => memory.Write((long)mapping.Start + offset, pages));
            }
        }
    }
}
