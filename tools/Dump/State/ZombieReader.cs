using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Dump.State;

/// <summary>Reads what is left of a process that has ended and was not waited for.</summary>
internal static class ZombieReader
{
    /// <summary>The record of a child of a frozen process.</summary>
    public static ZombieRecord Read(int pid)
    {
        ProcDirectory process = new(pid);
        StatText stat = StatText.Parse(process.Text("stat"));
        return new ZombieRecord
        {
            Pid = pid,
            ParentPid = stat.ParentPid,
            ProcessGroup = stat.ProcessGroup,
            Session = stat.Session,
            Name = process.Text("comm").TrimEnd('\n'),
            Status = stat.ExitStatus,
        };
    }
}
