using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>Plans what belongs to the process as a whole: directories, limits, prctl(2) attributes.</summary>
internal static class ProcessPlan
{
    private const int PrSetDumpable = 4;
    private const int PrSetChildSubreaper = 36;
    private const int PrSetThpDisable = 41;

    /// <summary>What needs the restorer's privileges.</summary>
    internal static void AddPrivileged(SystemCallProgram program, ProcessRecord process)
    {
        if (process.RootDirectory != "/")
        {
            program.About(process.RootDirectory).Call(SystemCall.chroot, program.Text(process.RootDirectory));
        }

        program.About(process.WorkingDirectory).Call(SystemCall.chdir, program.Text(process.WorkingDirectory));
        program.About("umask").Call(SystemCall.umask, process.Umask);
        foreach (ResourceLimit limit in process.Limits)
        {
            program.About($"resource limit {limit.Resource} (soft {limit.Soft}, hard {limit.Hard})");
            program.Call(SystemCall.prlimit64, 0, limit.Resource, program.Words(limit.Soft, limit.Hard), 0);
        }

        if (process.ChildSubreaper)
        {
            program.About("subreaper").Call(SystemCall.prctl, PrSetChildSubreaper, 1, 0, 0, 0);
        }

        if (process.HugePagesDisabled)
        {
            program.About("huge pages off").Call(SystemCall.prctl, PrSetThpDisable, 1, 0, 0, 0);
        }
    }

    /// <summary>What the change of credentials would undo.</summary>
    internal static void AddLast(SystemCallProgram program, ProcessRecord process)
    {
        const int SuidSafe = 2;
        if (process.Dumpable != SuidSafe)
        {
            program.About("dumpable").Call(SystemCall.prctl, PrSetDumpable, process.Dumpable, 0, 0, 0);
        }
    }
}
