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
    internal static void FillArguments(CheckpointImage image, int pid)
    {
        MemoryLayoutRecord layout = image.Checkpoint.Layout;
        ObjectPages.Range arguments = new(
            layout.ArgStart & ~PageMask, (Math.Max(layout.ArgEnd, layout.EnvEnd) + PageMask) & ~PageMask);
        using ForcedMemory memory = new(pid);
        ObjectPages.Copy(image, ExtentAddress.Process, [arguments], memory.Write);
    }

    /// <summary>
    /// Puts changed pages of private file mappings in place, which userfaultfd does not serve, and shared memory that does not come lazily.
    /// </summary>
    internal static void FillFiles(CheckpointImage image, int pid, SharedSelection shared)
    {
        Checkpoint checkpoint = image.Checkpoint;
        using ForcedMemory memory = new(pid);
        ObjectPages.Range[] changed =
        [
            .. checkpoint.Vmas.Where(vma => vma.Kind is VmaKind.PrivateFile or VmaKind.PrivateObject)
                .Select(vma => new ObjectPages.Range(vma.Start, vma.End)),
        ];
        ObjectPages.Copy(image, ExtentAddress.Process, changed, memory.Write);
        foreach (MemoryObjectRecord record in checkpoint.Objects)
        {
            if (MemoryObjects.IsMappedWhole(record, checkpoint) && !shared.IsLazy(record.Id))
            {
                ulong start = checkpoint.Vmas.First(vma => vma.Kind == VmaKind.Object && vma.BackingId == record.Id).Start;
                ObjectPages.Copy(image, record.Id, (offset, pages) => memory.Write((long)start + offset, pages));
            }
        }
    }
}
