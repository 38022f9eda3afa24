using System.Runtime.InteropServices;

namespace LazyRestore.Tools.Restoring;

/// <summary>
/// Signals to a restore in the foreground. Before the process runs they interrupt the restore; afterwards they are meant for the
/// process, as they would be had a shell started it, and the restore stays until it ends.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private const int SIGUSR1 = 10;
    private const int SIGUSR2 = 12;

    private static readonly PosixSignal[] s_signals =
    [
        PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, (PosixSignal)SIGUSR1, (PosixSignal)SIGUSR2,
    ];

    private readonly CancellationTokenSource _interrupted = new();
    private readonly PosixSignalRegistration[] _registrations;
    private volatile int _pid;

    /// <summary>Starts to listen.</summary>
    public SignalRelay() =>
        _registrations = [.. s_signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];

    /// <summary>Cancelled by a signal that comes before the process runs.</summary>
    public CancellationToken Interrupted => _interrupted.Token;

    /// <summary>From now on signals are for this process.</summary>
    public void RelayTo(int pid) => _pid = pid;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _interrupted.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        int pid = _pid;
        if (pid is 0)
        {
            _interrupted.Cancel();
        }
        else if (!CameFromTerminal(context.Signal) || !SharesProcessGroup(pid))
        {
            Interop.kill(pid, NumberOf(context.Signal));
        }
    }

    // The terminal sends these to the whole foreground process group; a process that is in it has its own already.
    private static bool CameFromTerminal(PosixSignal signal) => signal is PosixSignal.SIGINT or PosixSignal.SIGQUIT;

    private static bool SharesProcessGroup(int pid) => Interop.getpgid(pid) == Interop.getpgid(0);

    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        _ => (int)signal,
    };
}
