using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>Creates tasks that share the restored process's memory and nothing else, siblings of the process.</summary>
internal static class SiblingTask
{
    /// <summary>Creates one from the process's stopped leader; it stops where the leader is, with copies of its descriptors.</summary>
    internal static Tracee Create(Tracee leader, RemoteRunner runner, string purpose)
    {
        var creation = new SystemCallProgram();
        DataRef arguments = creation.About(purpose).Words(
            CloneArguments.CLONE_VM | CloneArguments.CLONE_PARENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        CallResultRef created = creation.Call(SystemCall.clone3, arguments, arguments.Length);
        int pid = (int)runner.Run(leader, creation)[created];
        Tracee task = Tracee.AutoAttached(pid, pid);
        task.WaitForInterrupt();
        return task;
    }
}
