using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// One thread under ptrace(2). Every member must be called on the OS thread that seized it: the kernel refuses all others.
/// Unless said otherwise the thread must be stopped.
/// </summary>
public sealed unsafe partial class Tracee
{
    private const int Eio = 5;
    private const int Eintr = 4;
    private const int SigTrap = 5;

    private Tracee(int processId, int tid)
    {
        ProcessId = processId;
        Tid = tid;
    }

    /// <summary>The process it belongs to.</summary>
    public int ProcessId { get; }

    /// <summary>Its thread ID.</summary>
    public int Tid { get; }

    /// <summary>The signal (SIGSTOP or the like) of the group stop that it was in when it was frozen; 0 when it was running.</summary>
    public int StopSignal { get; private set; }

    /// <summary>The general registers now.</summary>
    public UserRegisters Registers
    {
        get
        {
            UserRegisters registers;
            RegisterSet(Interop.PTRACE_GETREGSET, Interop.NT_PRSTATUS, &registers, UserRegisters.Size);
            return registers;
        }

        set => RegisterSet(Interop.PTRACE_SETREGSET, Interop.NT_PRSTATUS, &value, UserRegisters.Size);
    }

    /// <summary>The blocked signals, bit N-1 for signal N.</summary>
    public ulong SignalMask
    {
        get
        {
            ulong mask;
            Request(Interop.PTRACE_GETSIGMASK, sizeof(ulong), &mask);
            return mask;
        }

        set => Request(Interop.PTRACE_SETSIGMASK, sizeof(ulong), &value);
    }

    /// <summary>The full XSAVE area: NT_X86_XSTATE.</summary>
    public byte[] ReadExtendedState()
    {
        const int Largest = 16 * 1024;
        byte* start = stackalloc byte[Largest];
        nuint length = RegisterSet(Interop.PTRACE_GETREGSET, Interop.NT_X86_XSTATE, start, Largest);
        return new ReadOnlySpan<byte>(start, (int)length).ToArray();
    }

    /// <summary>Sets the full XSAVE area.</summary>
    public void WriteExtendedState(ReadOnlySpan<byte> state)
    {
        fixed (byte* start = state)
        {
            RegisterSet(Interop.PTRACE_SETREGSET, Interop.NT_X86_XSTATE, start, (nuint)state.Length);
        }
    }

    /// <summary>The queued signals as raw siginfo_t of 128 bytes, without taking them (PTRACE_PEEKSIGINFO).</summary>
    /// <param name="shared">The queue of the process instead of the thread's own.</param>
    public IReadOnlyList<byte[]> PeekSignals(bool shared)
    {
        const int Batch = 32;
        const int SigInfoSize = 128;
        List<byte[]> signals = [];
        byte* buffer = stackalloc byte[Batch * SigInfoSize];
        while (true)
        {
            var arguments = new Interop.ptrace_peeksiginfo_args
            {
                off = (ulong)signals.Count,
                flags = shared ? Interop.PTRACE_PEEKSIGINFO_SHARED : 0,
                nr = Batch,
            };
            long count = Request(Interop.PTRACE_PEEKSIGINFO, (nint)(&arguments), buffer);
            for (int i = 0; i < count; i++)
            {
                signals.Add(new ReadOnlySpan<byte>(buffer + (i * SigInfoSize), SigInfoSize).ToArray());
            }

            if (count < Batch)
            {
                return signals;
            }
        }
    }

    /// <summary>The registered rseq(2) area; null when there is none.</summary>
    public RseqRegistration? ReadRseq()
    {
        Interop.ptrace_rseq_configuration configuration;
        Request(Interop.PTRACE_GET_RSEQ_CONFIGURATION, sizeof(Interop.ptrace_rseq_configuration), &configuration);
        return configuration.rseq_abi_pointer == 0
            ? null
            : new RseqRegistration(
                configuration.rseq_abi_pointer, configuration.rseq_abi_size, configuration.signature, configuration.flags);
    }

    /// <summary>Seizes a running thread; it is not stopped by that.</summary>
    internal static Tracee Seize(int processId, int tid, long options)
    {
        var tracee = new Tracee(processId, tid) { _always = Interop.PTRACE_O_TRACESYSGOOD | (options & Interop.PTRACE_O_SUSPEND_SECCOMP) };
        tracee.Request(Interop.PTRACE_SEIZE, 0, (void*)(options | tracee._always));
        return tracee;
    }

    /// <summary>A thread that the kernel attached by itself when a traced one created it.</summary>
    internal static Tracee AutoAttached(int processId, int tid) => new(processId, tid);

    /// <summary>Asks a running thread to stop; <see cref="WaitForInterrupt"/> waits until it has.</summary>
    internal void Interrupt() => Request(Interop.PTRACE_INTERRUPT, 0, null);

    /// <summary>Waits for the stop that <see cref="Interrupt"/> asked for. Signals that arrive first are delivered as if we were not there.</summary>
    /// <exception cref="TraceeGoneException">The thread ended instead.</exception>
    internal void WaitForInterrupt()
    {
        while (true)
        {
            StopStatus status = Wait();
            if (status.Event == Interop.PTRACE_EVENT_STOP)
            {
                StopSignal = status.StopSignal == SigTrap ? 0 : status.StopSignal;
                return;
            }

            Resume(status.Event == 0 ? status.StopSignal : 0);
        }
    }

    /// <summary>Lets the thread run, delivering a signal or 0.</summary>
    internal void Resume(int signal = 0) => Request(Interop.PTRACE_CONT, 0, (void*)signal);

    /// <summary>Replaces its PTRACE_O_ options, which a task that it creates inherits.</summary>
    internal void SetOptions(long options) =>
        Request(Interop.PTRACE_SETOPTIONS, 0, (void*)(options | _always));

    /// <summary>What belongs to the event it is stopped at: the ID of the task it has created.</summary>
    internal ulong ReadEventMessage()
    {
        ulong message;
        Request(Interop.PTRACE_GETEVENTMSG, 0, &message);
        return message;
    }

    /// <summary>Waits for the next stop of the thread.</summary>
    /// <exception cref="TraceeGoneException">The thread ended.</exception>
    internal StopStatus Wait()
    {
        int raw;
        while (Interop.wait4(Tid, &raw, Interop.__WALL, null) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Eintr)
            {
                throw new NativeException("wait4", errno, $"thread {Tid}");
            }
        }

        var status = new StopStatus(raw);
        return status.Ended ? throw new TraceeGoneException(Tid, status.ToString()) : status;
    }

    /// <summary>Waits until the thread has ended, as it must have been told to.</summary>
    internal void WaitForEnd()
    {
        try
        {
            while (true)
            {
                Wait();
                Resume();
            }
        }
        catch (TraceeGoneException)
        {
        }
        catch (NativeException)
        {
            // Already reaped, or gone between the stop and its resumption: it has ended either way.
        }
    }

    /// <summary>Lets go of the thread: it runs on, or stays stopped if it was. Does nothing when it has ended.</summary>
    internal void Detach()
    {
        try
        {
            GiveBack();
        }
        catch (NativeException exception) when (exception.Errno == NoSuchProcess)
        {
            return;
        }

        Interop.ptrace(Interop.PTRACE_DETACH, Tid, null, null);
        foreach (int signal in _withheldSignals)
        {
            Interop.syscall((long)Programs.SystemCall.tgkill, ProcessId, Tid, signal);
        }

        _withheldSignals.Clear();
    }

    internal const int NoSuchProcess = 3;

    private nuint RegisterSet(long request, int set, void* start, nuint length)
    {
        var vector = new Interop.iovec { iov_base = start, iov_len = length };
        Request(request, set, &vector);
        return vector.iov_len;
    }

    private long Request(long request, nint address, void* data)
    {
        long result = Interop.ptrace(request, Tid, (void*)address, data);
        if (result < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new NativeException(
                $"ptrace({RequestName(request)})", errno, $"thread {Tid}", errno == Eio ? "This kernel lacks the request." : null);
        }

        return result;
    }

    private static string RequestName(long request) => request switch
    {
        Interop.PTRACE_CONT => "PTRACE_CONT",
        Interop.PTRACE_SYSCALL => "PTRACE_SYSCALL",
        Interop.PTRACE_SETOPTIONS => "PTRACE_SETOPTIONS",
        Interop.PTRACE_GETEVENTMSG => "PTRACE_GETEVENTMSG",
        Interop.PTRACE_GETREGSET => "PTRACE_GETREGSET",
        Interop.PTRACE_SETREGSET => "PTRACE_SETREGSET",
        Interop.PTRACE_SEIZE => "PTRACE_SEIZE",
        Interop.PTRACE_INTERRUPT => "PTRACE_INTERRUPT",
        Interop.PTRACE_PEEKSIGINFO => "PTRACE_PEEKSIGINFO",
        Interop.PTRACE_GETSIGMASK => "PTRACE_GETSIGMASK",
        Interop.PTRACE_SETSIGMASK => "PTRACE_SETSIGMASK",
        Interop.PTRACE_GET_RSEQ_CONFIGURATION => "PTRACE_GET_RSEQ_CONFIGURATION",
        Interop.PTRACE_DETACH => "PTRACE_DETACH",
        _ => request.ToString(),
    };
}
