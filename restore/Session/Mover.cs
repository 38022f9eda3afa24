using LazyRestore.Agent.Moving;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// A task that shares the restored process's memory, and places whole extents there as the agent says: UFFDIO_MOVE works nowhere else. It
/// ends with the process or with the agent. Nothing depends on it: without it pages are copied.
/// </summary>
internal sealed class Mover : IDisposable
{
    private const int SigKill = 9;
    private readonly PidDescriptor _task;

    private Mover(int pid) => _task = PidDescriptor.Open(pid);

    /// <summary>Its process ID.</summary>
    internal int Pid => _task.Pid;

    /// <summary>Starts it from the process's stopped leader.</summary>
    /// <param name="leader">The leader.</param>
    /// <param name="runner">The runner in the process.</param>
    /// <param name="sanctuary">Our place in the process.</param>
    /// <param name="fault">The userfaultfd.</param>
    /// <param name="ring">The agent's end; it is told of the mover.</param>
    /// <param name="inHugePages">Whether it moves huge pages.</param>
    /// <param name="isOurChild">Whether the process is our own child.</param>
    internal static Mover Start(
        Tracee leader, RemoteRunner runner, Sanctuary sanctuary, SafeFileHandle fault, MoverRing ring, bool inHugePages, bool isOurChild)
    {
        Tracee task = SiblingTask.Create(leader, runner, "the mover", isOurChild);
        var mover = new Mover(task.Tid);
        try
        {
            MoverPlan plan = new(
                sanctuary, leader.ProcessId, Environment.ProcessId, (int)fault.DangerousGetHandle(), ring, inHugePages);
            ring.Describe(plan.DescriptorsOf(runner.Run(task, plan.Program)));
            ProcessMemory.Write(leader.ProcessId, sanctuary.MoverCode, MoverCode.Bytes);
            runner.Run(task, MoverPlan.Seal(sanctuary));
            ring.Watch(mover._task.Descriptor);
            task.Registers = Entry(task, sanctuary);
            task.DetachAsIs();
            return mover;
        }
        catch
        {
            mover.Dispose();
            throw;
        }
    }

    /// <summary>Ends the mover that a dead agent left, if it has not ended already, and waits until it has.</summary>
    internal static void EndOrphan(int process)
    {
        if (HolderSearch.Find(process, MoverPlan.Name) is { } pid)
        {
            using PidDescriptor task = PidDescriptor.Open(pid);
            Interop.syscall((long)SystemCall.kill, pid, SigKill);
            task.WaitForEnd(milliseconds: -1);
        }
    }

    /// <summary>Ends it, and waits until it has.</summary>
    public unsafe void Dispose()
    {
        int status;
        Interop.syscall((long)SystemCall.kill, _task.Pid, SigKill);
        _task.WaitForEnd(milliseconds: -1);
        Interop.wait4(_task.Pid, &status, Interop.__WALL, null);
        _task.Dispose();
    }

    private static UserRegisters Entry(Tracee task, Sanctuary sanctuary)
    {
        UserRegisters registers = task.OwnRegisters;
        ulong header = sanctuary.MoverShared + MoverLayout.Header;
        registers.rip = sanctuary.MoverCode;
        registers.rbx = header;
        registers.rbp = header + MoverLayout.FirstSlot + (MoverLayout.Slots * MoverLayout.SlotSize);
        registers.orig_rax = ulong.MaxValue;
        return registers;
    }
}
