using LazyRestore.Agent;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// A process all of whose threads are stopped under ptrace(2). It must be used and disposed on the OS thread that froze it.
/// Disposing lets every thread go on exactly where it was.
/// </summary>
public sealed class FrozenProcess : IDisposable
{
    private const int OperationNotPermitted = 1;
    private const int SigKill = 9;
    private readonly Dictionary<int, Tracee> _byTid = [];
    private List<Tracee> _threads = [];
    private bool _ended;

    private FrozenProcess(int pid) => Pid = pid;

    /// <summary>The process.</summary>
    public int Pid { get; }

    /// <summary>Its threads, the group leader first.</summary>
    public IReadOnlyList<Tracee> Threads => _threads;

    /// <summary>The group leader.</summary>
    public Tracee Leader => _threads[0];

    /// <summary>Stops every thread of a process: seizes and interrupts them until no new one appears.</summary>
    /// <exception cref="LazyRestoreException">There is no such process, it may not be traced, or it ended.</exception>
    public static FrozenProcess Freeze(int pid, CancellationToken cancellation)
    {
        var process = new FrozenProcess(pid);
        try
        {
            while (process.FreezeNewThreads(cancellation))
            {
            }

            if (!process._byTid.TryGetValue(pid, out Tracee? leader))
            {
                throw new LazyRestoreException(
                    FailureReason.Unsupported, $"the main thread of process {pid} has ended while others go on; such a process cannot be saved yet", "End it, or let its main thread wait for the others.");
            }

            process._threads = [leader, .. process._threads.Where(thread => thread != leader).OrderBy(thread => thread.Tid)];
            process._threads.ForEach(thread => thread.SuspendSeccomp());
            InterruptedWait.RestartAll(process);
            RseqCriticalSection.AbortAll(process);
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Lets every thread go on exactly where it was.</summary>
    public void Thaw()
    {
        if (!_ended)
        {
            _ended = true;
            foreach (Tracee thread in _threads)
            {
                thread.Detach();
            }
        }
    }

    /// <summary>Makes sure that the process ends without running again; <see cref="Kill"/> waits until it has.</summary>
    public void Condemn()
    {
        if (!_ended)
        {
            Interop.syscall((long)Programs.SystemCall.kill, Pid, SigKill);
        }
    }

    /// <summary>Ends the process without letting it run again.</summary>
    public void Kill()
    {
        if (!_ended)
        {
            Condemn();
            _ended = true;

            // The kernel reports the leader's end only when that of all others has been taken.
            foreach (Tracee thread in Enumerable.Reverse(_threads))
            {
                thread.WaitForEnd();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Thaw();

    private bool FreezeNewThreads(CancellationToken cancellation)
    {
        List<Tracee> fresh = [];
        foreach (int tid in ListThreads())
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_byTid.ContainsKey(tid) && TrySeize(tid) is { } tracee)
            {
                _byTid.Add(tid, tracee);
                _threads.Add(tracee);
                fresh.Add(tracee);
            }
        }

        foreach (Tracee tracee in fresh)
        {
            try
            {
                tracee.WaitForInterrupt();
            }
            catch (TraceeGoneException)
            {
                _byTid.Remove(tracee.Tid);
                _threads.Remove(tracee);
            }
        }

        return fresh.Count > 0;
    }

    private Tracee? TrySeize(int tid)
    {
        try
        {
            Tracee tracee = Tracee.Seize(Pid, tid, options: 0);
            tracee.Interrupt();
            return tracee;
        }
        catch (NativeException exception) when (exception.Errno == Tracee.NoSuchProcess)
        {
            return null;
        }
        catch (NativeException exception) when (exception.Errno == OperationNotPermitted && HasEnded(tid))
        {
            // The main thread, which stays until all others have ended.
            return null;
        }
        catch (NativeException exception) when (exception.Errno == OperationNotPermitted)
        {
            int tracer = TracerOf(tid);
            throw tracer > 0 && tracer != Environment.ProcessId
                ? new TraceeBusyException(Pid, tracer)
                : new LazyRestoreException(
                    FailureReason.Unsupported,
                    $"process {Pid} may not be traced: {exception.Message}",
                    "Run as root (CAP_SYS_PTRACE); kernel threads and init cannot be saved.",
                    exception);
        }
    }

    private int[] ListThreads()
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{Pid}/task").Select(path => int.Parse(Path.GetFileName(path.AsSpan())))];
        }
        catch (DirectoryNotFoundException)
        {
            throw new LazyRestoreException(FailureReason.Failed, $"there is no process {Pid}", "Check the PID.");
        }
    }

    private bool HasEnded(int tid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{Pid}/task/{tid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X';
        }
        catch (IOException)
        {
            return true;
        }
    }

    private int TracerOf(int tid)
    {
        try
        {
            string line = File.ReadLines($"/proc/{Pid}/task/{tid}/status").First(line => line.StartsWith("TracerPid:", StringComparison.Ordinal));
            return int.Parse(line.AsSpan("TracerPid:".Length).Trim());
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
