using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Memory;
using LazyRestore.Tools.Dump.Proc;
using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.Snapshots;

/// <summary>
/// What /proc/PID/maps does not tell of an area and /proc/PID/smaps does, by a walk over every page: added to a state
/// that was read without it.
/// </summary>
internal static class AreaDetails
{
    /// <summary>Refuses areas of a process that is about to be copied: fork(2) may wait for whoever serves their faults.</summary>
    public static void Refuse(IEnumerable<MemoryArea> areas, Refusals refusals)
    {
        foreach (MemoryArea area in areas.Where(area => area.Name is not ("[vdso]" or "[vvar]" or "[vvar_vclock]" or "[vsyscall]")))
        {
            foreach (UnsupportedKind kind in AreaFlags.Unsupported(area))
            {
                refusals.Add(area.ToString(), kind);
            }
        }
    }

    /// <summary>The state with the flags of its areas.</summary>
    /// <param name="state">The state.</param>
    /// <param name="areas">The areas with their flags, by their first address.</param>
    public static ProcessState Add(ProcessState state, IReadOnlyDictionary<ulong, MemoryArea> areas)
    {
        HashSet<int> writable =
        [
            .. state.Vmas.Where(vma => vma.Kind == VmaKind.SharedFile && areas[vma.Start].Has("mw")).Select(vma => vma.BackingId),
        ];
        return state with
        {
            Vmas = [.. state.Vmas.Select(vma => vma with { Flags = AreaFlags.Of(areas[vma.Start]) })],
            MappedFiles = [.. state.MappedFiles.Select(file => file with { Writable = writable.Contains(file.Id) })],
        };
    }
}
