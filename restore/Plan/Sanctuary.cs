using LazyRestore.Agent.Moving;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// The range of the address space that is ours while a process is restored and filled: a page of code, a page for the holder's
/// program, and the area for all other programs; behind it what a mover has when there is one, from a multiple of 2 MiB on: the memory
/// that it shares with the agent, its code, and its stage.
/// </summary>
/// <param name="Start">First address.</param>
/// <param name="ProgramCapacity">Bytes for programs.</param>
internal readonly record struct Sanctuary(ulong Start, ulong ProgramCapacity)
{
    /// <summary>Bytes of the mover's stage.</summary>
    internal const ulong StageLength = MoverLayout.Slots * (ulong)ImageLayout.ExtentSpan;

    private const ulong LowestAddress = 0x100000;
    private const ulong HighestAddress = 0x7fff_0000_0000;
    private const ulong Alignment = ImageLayout.ExtentSpan;

    /// <summary>First address after the programs.</summary>
    internal ulong ProgramsEnd => Start + MemoryConstants.PageSize + ProgramCapacity;

    /// <summary>The memory that the mover shares with the agent.</summary>
    internal ulong MoverShared => Align(ProgramsEnd);

    /// <summary>The page with the mover's code.</summary>
    internal ulong MoverCode => MoverShared + MoverLayout.Length;

    /// <summary>What the mover fills and moves from.</summary>
    internal ulong MoverStage => Align(MoverCode + MemoryConstants.PageSize);

    /// <summary>First address after it.</summary>
    internal ulong End => MoverStage + StageLength;

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

        Sanctuary middle = new((bestStart + (bestLength / 2)) & ~(Alignment - 1), programCapacity);
        return middle.Start >= bestStart && middle.End <= bestStart + bestLength
            ? middle
            : throw new LazyRestoreException(
                FailureReason.Unsupported, $"the address space of the process has no gap of {programCapacity} bytes for the restorer to work in");
    }

    private static ulong Align(ulong address) => (address + Alignment - 1) & ~(Alignment - 1);
}
