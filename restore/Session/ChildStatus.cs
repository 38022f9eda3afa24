using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Tracing;

namespace LazyRestore.Restore.Session;

/// <summary>Waits for the end of a restored process, whose parent we are.</summary>
internal static unsafe class ChildStatus
{
    private const int Eintr = 4;

    /// <summary>Waits for it and returns its status as a shell gives it.</summary>
    internal static int Wait(int pid) => Wait(pid, options: 0).ShellStatus;

    /// <summary>Waits until it has ended or been stopped.</summary>
    internal static StopStatus WaitForChange(int pid)
    {
        const int Stopped = 2; // WUNTRACED
        return Wait(pid, Stopped);
    }

    private static StopStatus Wait(int pid, int options)
    {
        int raw;
        while (Interop.wait4(pid, &raw, options, null) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Eintr)
            {
                throw new NativeException("wait4", errno, $"for process {pid}");
            }
        }

        return new StopStatus(raw);
    }
}
