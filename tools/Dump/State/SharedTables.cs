using LazyRestore.Tools.Dump.Support;

namespace LazyRestore.Tools.Dump.State;

/// <summary>
/// Finds processes that share with another one what threads of one process share: memory (vfork(2), CLONE_VM), the table of descriptors, directories
/// or signal handlers. In an image each has its own.
/// </summary>
internal static class SharedTables
{
    private static readonly (int Kind, string Name)[] s_tables =
    [
        (Interop.KCMP_VM, "memory"), (Interop.KCMP_FILES, "descriptors"), (Interop.KCMP_FS, "directories"), (Interop.KCMP_SIGHAND, "signal handlers"),
    ];

    /// <summary>Refuses them.</summary>
    /// <param name="processes">All processes of the tree, none of which runs.</param>
    /// <param name="refusals">Where to.</param>
    public static void Refuse(IReadOnlyList<int> processes, Refusals refusals)
    {
        for (int place = 1; place < processes.Count; place++)
        {
            for (int other = 0; other < place; other++)
            {
                foreach ((int kind, string name) in s_tables)
                {
                    if (Interop.syscall(Interop.SYS_kcmp, processes[other], processes[place], kind) == 0)
                    {
                        refusals.Add($"process {processes[place]}", UnsupportedKind.SharedTable, $"{name}, with process {processes[other]}");
                    }
                }
            }
        }
    }
}
