using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// The range of the address space that is ours while a process is restored and filled: a page of code, a page for the holder's
/// program, and the area for all other programs.
/// </summary>
/// <param name="Start">First address.</param>
/// <param name="ProgramCapacity">Bytes for programs.</param>
internal readonly record struct Sanctuary(ulong Start, ulong ProgramCapacity)
{
    private const ulong LowestAddress = 0x100000;
    private const ulong HighestAddress = 0x7fff_0000_0000;
    private const ulong Alignment = 1 << 21;

    /// <summary>First address after it.</summary>
    internal ulong End => Start + MemoryConstants.PageSize + ProgramCapacity;

    /// <summary>
    /// Chooses the middle of the widest gap between the VMAs: far from the heap, from where the kernel puts new mappings, and from
    /// the stack's way down.
    /// </summary>
    internal static Sanctuary Choose(IReadOnlyList<VmaRecord> vmas, ulong programCapacity)
    {
        ulong bestStart = 0;
        ulong bestLength = 0;
        ulong end = LowestAddress;
        foreach ((ulong Start, ulong End) vma in vmas.Select(vma => (vma.Start, vma.End)).Append((HighestAddress, HighestAddress)))
        {
            if (vma.Start > end && vma.Start - end > bestLength)
            {
                (bestStart, bestLength) = (end, vma.Start - end);
            }

            end = Math.Max(end, vma.End);
        }

        ulong middle = (bestStart + (bestLength / 2)) & ~(Alignment - 1);
        return middle >= bestStart && middle + MemoryConstants.PageSize + programCapacity <= bestStart + bestLength
            ? new Sanctuary(middle, programCapacity)
            : throw new LazyRestoreException(
                FailureReason.Unsupported, $"the address space of the process has no gap of {programCapacity} bytes for the restorer to work in");
    }
}
