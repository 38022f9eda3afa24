using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Check;

/// <summary>Whether descriptors can be taken from another process, pidfd_getfd(2); tried on this one.</summary>
internal static class PidfdProbe
{
    /// <summary>Looks.</summary>
    public static Finding Examine()
    {
        long pidfd = Interop.syscall(Interop.SYS_pidfd_open, Environment.ProcessId);
        if (pidfd < 0)
        {
            return Finding.Missing($"pidfd_open: {Marshal.GetLastPInvokeErrorMessage()}", "Use Linux 5.6 or newer.");
        }

        using SafeFileHandle process = new((nint)pidfd, ownsHandle: true);
        long taken = Interop.syscall(Interop.SYS_pidfd_getfd, (nint)pidfd, (nint)pidfd);
        if (taken < 0)
        {
            return Finding.Missing(
                $"pidfd_getfd: {Marshal.GetLastPInvokeErrorMessage()}", "Use Linux 5.6 or newer, and allow it in the seccomp filter.");
        }

        new SafeFileHandle((nint)taken, ownsHandle: true).Dispose();
        return Finding.Ok("pidfd_open, pidfd_getfd");
    }
}
