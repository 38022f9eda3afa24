using System.Globalization;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// A copy-on-write copy of a frozen process: its private memory as it is at that moment, at the same addresses, and nothing else. The
/// copy never runs, ends with us (PTRACE_O_EXITKILL), and must be used and disposed on the OS thread that froze the process.
/// <para>
/// The process sees nothing of it: a task between the two, which ends at once, makes the copy an orphan, so that it is no child of the
/// process and whoever adopts orphans reaps it. The task in between ends without a signal, and the process reaps it while it is frozen.
/// </para>
/// </summary>
public sealed class FrozenCopy : IDisposable
{
    private const int PrSetName = 15;
    private const int CloseRangeUnshare = 2;
    private const int SigKill = 9;
    private const string Name = "lazyrestore-cp";
    private const string Remedy = "Dump without --snapshot, which needs no copy.";
    private readonly Tracee _task;
    private readonly int _original;
    private readonly ulong _syscallInstruction;
    private bool _ended;

    private FrozenCopy(Tracee task, int original, ulong syscallInstruction)
    {
        _task = task;
        _original = original;
        _syscallInstruction = syscallInstruction;
    }

    /// <summary>The copy's process ID.</summary>
    public int Pid => _task.Tid;

    /// <summary>Copies a frozen process.</summary>
    /// <param name="process">The process; its leader makes the copy.</param>
    /// <exception cref="LazyRestoreException">It cannot be copied, for want of memory or because of a limit.</exception>
    public static FrozenCopy Create(FrozenProcess process)
    {
        ulong instruction = SyscallInstructionSearch.Find(process.Pid);
        using RemoteRunner runner = RemoteRunner.Install(process);
        Tracee task = Fork(process.Leader, runner);
        FrozenCopy copy = new(task, process.Pid, instruction);
        try
        {
            runner.In(task).Dispose();
            copy.OfferToOomKiller();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Whether it is there, and was at every moment up to now.</summary>
    public bool IsAlive
    {
        get
        {
            try
            {
                // The kernel answers only for a task that stands still; one that was killed does not, before its memory goes.
                _ = _task.Registers;
                return true;
            }
            catch (NativeException)
            {
                return false;
            }
        }
    }

    /// <summary>Demands that it is there, and was at every moment up to now: only then what was read of it is right.</summary>
    /// <exception cref="LazyRestoreException">It was killed.</exception>
    public void ThrowIfGone()
    {
        if (!IsAlive)
        {
            throw new LazyRestoreException(
                FailureReason.Failed,
                $"process {Pid}, the copy of process {_original}, was killed from outside, perhaps for want of memory",
                "Try again with more free memory. " + Remedy);
        }
    }

    /// <summary>Takes an area out of the copy.</summary>
    /// <param name="start">Its first address.</param>
    /// <param name="length">Its length in bytes.</param>
    public void Unmap(ulong start, ulong length) => InjectedCall.Run(_task, _syscallInstruction, SystemCall.munmap, start, length);

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            Interop.syscall((long)SystemCall.kill, Pid, SigKill);
            _task.WaitForEnd();
        }
    }

    private static Tracee Fork(Tracee leader, RemoteRunner runner)
    {
        try
        {
            return OrphanTask.Create(
                leader, runner, "a copy of the process", flags: 0, Separate, Interop.PTRACE_O_EXITKILL, creatorOptions: 0);
        }
        catch (NativeException exception)
        {
            throw new LazyRestoreException(
                FailureReason.Failed, $"process {leader.ProcessId} cannot be copied: {exception.Message}", Remedy, exception);
        }
    }

    // Neither signals to the process's group nor its descriptors are the copy's: a connection that the process closes is closed.
    private static CallResultRef Separate(SystemCallProgram program)
    {
        program.Try(SystemCall.setsid);
        program.Try(SystemCall.prctl, PrSetName, program.Text(Name), 0, 0, 0);
        return program.Try(SystemCall.close_range, 0, uint.MaxValue, CloseRangeUnshare);
    }

    // Should memory run out, the copy goes before the process does.
    private void OfferToOomKiller()
    {
        const string First = "1000";
        try
        {
            File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/oom_score_adj"), First);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whoever may trace a process need not be allowed this; or the copy was killed already, which shows soon.
        }
    }
}
