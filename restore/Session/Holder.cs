using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Plan;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Tracing;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>
/// A task that shares the restored process's memory and nothing else. It keeps the userfaultfd and the page state open, so that the
/// agent's death cannot turn missing pages into zeros; it waits for the process's end, and is ended when all memory is there. It shows
/// in none of the process's lists.
/// </summary>
internal sealed class Holder
{
    /// <summary>The name it goes by in proc_pid_comm(5).</summary>
    internal const string Name = "lazyrestore-uf";

    /// <summary>The number of its descriptor of the first shared memory object that is lazy; the others follow in their order.</summary>
    internal const int FirstSharedFile = 64;

    private const int SigKill = 9;
    private const int PrSetName = 15;
    private const int PollIn = 1;

    private Holder(int pid) => Pid = pid;

    /// <summary>Its process ID.</summary>
    internal int Pid { get; }

    /// <summary>Starts it from the process's stopped leader, whose descriptors it takes over.</summary>
    /// <param name="leader">The leader, which must have no descriptors but the standard streams and what the holder is to keep.</param>
    /// <param name="runner">The runner in the process.</param>
    /// <param name="state">The page state to keep open.</param>
    /// <param name="shared">What of shared memory to keep open.</param>
    /// <param name="endWithAgent">Whether it kills the process when the agent dies, instead of keeping its faults waiting.</param>
    /// <param name="isOurChild">Whether the process is our own child.</param>
    internal static Holder Start(
        Tracee leader, RemoteRunner runner, PageState state, SharedMemorySeed? shared, bool endWithAgent, bool isOurChild)
    {
        Tracee task = SiblingTask.Create(leader, runner, "the holder of lazy memory", isOurChild);
        int pid = task.Tid;
        try
        {
            (int processDescriptor, int agentDescriptor) = SetUp(task, runner, leader.ProcessId, state, shared?.Files ?? []);
            task.Registers = runner.LoadLast(task, Watch(processDescriptor, agentDescriptor, endWithAgent));
            task.DetachAsIs();
            return new Holder(pid);
        }
        catch
        {
            Interop.syscall((long)SystemCall.kill, pid, SigKill);
            throw;
        }
    }

    /// <summary>A holder that another agent left.</summary>
    internal static Holder Found(int pid) => new(pid);

    /// <summary>Ends it, and what is ours in the process with it.</summary>
    /// <param name="syscallInstruction">A <c>syscall</c> instruction in the process that is not ours; null leaves the mapping.</param>
    /// <param name="ranges">Our mapping, and ranges that can be locked now.</param>
    internal void Leave(ulong? syscallInstruction, (ulong Start, ulong Length) sanctuary, IReadOnlyList<(ulong Start, ulong Length)> locked)
    {
        try
        {
            if (syscallInstruction is { } instruction)
            {
                Tracee task = Tracee.Seize(Pid, Pid, options: 0);
                task.Interrupt();
                task.WaitForInterrupt();
                foreach ((ulong start, ulong length) in locked)
                {
                    InjectedCall.Run(task, instruction, SystemCall.mlock, start, length);
                }

                InjectedCall.Run(task, instruction, SystemCall.munmap, sanctuary.Start, sanctuary.Length);
            }
        }
        catch (TraceeGoneException)
        {
        }
        catch (NativeException exception) when (exception.Errno == Tracee.NoSuchProcess || HasEnded())
        {
        }
        finally
        {
            Kill();
        }
    }

    // It ends with the process, whatever we are doing with it.
    private bool HasEnded()
    {
        try
        {
            using PidDescriptor task = PidDescriptor.Open(Pid);
            return task.WaitForEnd(milliseconds: 0);
        }
        catch (NativeException exception) when (exception.Errno == Tracee.NoSuchProcess)
        {
            return true;
        }
    }

    /// <summary>Ends it at once.</summary>
    internal unsafe void Kill()
    {
        Interop.syscall((long)SystemCall.kill, Pid, SigKill);
        int status;
        Interop.wait4(Pid, &status, Interop.__WALL, null);
    }

    private static (int ProcessDescriptor, int AgentDescriptor) SetUp(
        Tracee task, RemoteRunner runner, int process, PageState state, IReadOnlyList<SafeFileHandle> sharedFiles)
    {
        var program = new SystemCallProgram();
        program.About("the holder of lazy memory");
        program.Call(SystemCall.setsid);
        program.Call(SystemCall.chdir, program.Text("/"));
        program.Call(SystemCall.prctl, PrSetName, program.Text(Name), 0, 0, 0);
        program.Call(SystemCall.close_range, 0, 2, 0);
        CallResultRef processDescriptor = program.Call(SystemCall.pidfd_open, process, 0);
        CallResultRef agent = program.Call(SystemCall.pidfd_open, Environment.ProcessId, 0);
        foreach (int descriptor in (ReadOnlySpan<int>)[state.Descriptor, state.ParkingA, state.ParkingB])
        {
            program.Call(SystemCall.pidfd_getfd, agent, descriptor, 0);
        }

        for (int index = 0; index < sharedFiles.Count; index++)
        {
            CallResultRef file = program.Call(SystemCall.pidfd_getfd, agent, (int)sharedFiles[index].DangerousGetHandle(), 0);
            program.Call(SystemCall.dup3, file, FirstSharedFile + index, 0);
        }

        ProgramResult result = runner.Run(task, program);
        return ((int)result[processDescriptor], (int)result[agent]);
    }

    private static SystemCallProgram Watch(int process, int agent, bool endWithAgent)
    {
        var program = new SystemCallProgram();
        program.About("the end of the process");
        ulong watchProcess = (uint)process | ((ulong)PollIn << 32);
        ulong watchAgent = (uint)agent | ((ulong)PollIn << 32);
        DataRef watched = endWithAgent ? program.Words(watchProcess, watchAgent) : program.Words(watchProcess);
        program.Try(SystemCall.ppoll, watched, watched.Length / sizeof(ulong), 0, 0, 0);
        if (endWithAgent)
        {
            program.Try(SystemCall.pidfd_send_signal, process, SigKill, 0, 0);
        }

        program.Try(SystemCall.exit_group, 0);
        return program;
    }
}
