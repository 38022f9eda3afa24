using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Stub;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>
/// Creates tasks that share the restored process's memory and nothing else. They are ours, not the process's children or threads, nor those of
/// its parent: none of them shows in its lists, and nobody who waits for a child sees one end.
/// </summary>
internal static class SiblingTask
{
    /// <summary>Creates one from the process's stopped leader; it stops where the leader is, with copies of its descriptors.</summary>
    /// <param name="leader">The leader.</param>
    /// <param name="runner">The runner in the process.</param>
    /// <param name="purpose">What for; errors name it.</param>
    /// <param name="isOurChild">Whether the process is our own child; for others we have to be the one that adopts orphans.</param>
    internal static Tracee Create(Tracee leader, RemoteRunner runner, string purpose, bool isOurChild)
    {
        if (!isOurChild)
        {
            return OrphanTask.Create(
                leader, runner, purpose, CloneArguments.CLONE_VM, prepare: null, Interop.PTRACE_O_EXITKILL, StubTree.TraceOptions);
        }

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
