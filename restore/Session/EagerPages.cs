using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Puts in place what cannot come lazily: changed pages of private file mappings, which userfaultfd does not serve, and shared
/// memory; and arguments and environment, because /proc/PID/cmdline does not wait for a missing page. They are written through
/// /proc/PID/mem, which also reaches mappings that the process may only read.
/// </summary>
internal static class EagerPages
{
    private const ulong PageMask = MemoryConstants.PageSize - 1;

    internal static void Fill(CheckpointImage image, int pid)
    {
        Checkpoint checkpoint = image.Checkpoint;
        using SafeFileHandle memory = File.OpenHandle($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        ObjectPages.Range[] changed =
        [
            .. checkpoint.Vmas.Where(vma => vma.Kind is VmaKind.PrivateFile or VmaKind.PrivateObject)
                .Select(vma => new ObjectPages.Range(vma.Start, vma.End)),
            Arguments(checkpoint.Layout),
        ];
        ObjectPages.Copy(image, ExtentAddress.Process, changed, (address, pages) => RandomAccess.Write(memory, pages, address));
        foreach (MemoryObjectRecord record in checkpoint.Objects)
        {
            if (MemoryObjects.IsMappedWhole(record, checkpoint))
            {
                ulong start = checkpoint.Vmas.First(vma => vma.Kind == VmaKind.Object && vma.BackingId == record.Id).Start;
                ObjectPages.Copy(image, record.Id, (offset, pages) => RandomAccess.Write(memory, pages, (long)start + offset));
            }
        }
    }

    private static ObjectPages.Range Arguments(MemoryLayoutRecord layout) =>
        new(layout.ArgStart & ~PageMask, (Math.Max(layout.ArgEnd, layout.EnvEnd) + PageMask) & ~PageMask);
}
