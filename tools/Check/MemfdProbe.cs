using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Check;

/// <summary>Whether memory can be made a file that may be executed, memfd_create(2).</summary>
internal static class MemfdProbe
{
    private const string NoExec = "/proc/sys/vm/memfd_noexec";

    /// <summary>Looks.</summary>
    public static Finding Examine()
    {
        int fd = Interop.memfd_create("lazyrestore-check", Interop.MFD_CLOEXEC);
        if (fd < 0)
        {
            return Finding.Missing($"memfd_create: {Marshal.GetLastPInvokeErrorMessage()}", "Use Linux 3.17 or newer.");
        }

        new SafeFileHandle(fd, ownsHandle: true).Dispose();
        return File.Exists(NoExec) && File.ReadAllText(NoExec).Trim() is "2"
            ? Finding.Missing("memfds may not be executed (memfd_noexec 2)", $"Write 0 or 1 to {NoExec}.")
            : Finding.Ok("memfd_create");
    }
}
