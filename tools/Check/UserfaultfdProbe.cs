using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Check;

/// <summary>What userfaultfd(2) can do here.</summary>
internal static class UserfaultfdProbe
{
    private const string Device = "/dev/userfaultfd";

    // The kernel's answer does not change while the command runs.
    private static readonly Lazy<Answer> s_answer = new(Ask);

    /// <summary>Whether one can be had that also catches faults from system calls.</summary>
    public static Finding Open() => s_answer.Value.Error is { } error
        ? Finding.Missing(error, $"Run as root, or get access to {Device}, or write 1 to /proc/sys/vm/unprivileged_userfaultfd.")
        : Finding.Ok(s_answer.Value.Way);

    /// <summary>A probe for each feature bit.</summary>
    public static IReadOnlyList<Probe> Features { get; } =
    [
        Feature("fork_events", 1, needed: true, "UFFD_FEATURE_EVENT_FORK", "4.11"),
        Feature("remap_events", 2, needed: true, "UFFD_FEATURE_EVENT_REMAP", "4.11"),
        Feature("remove_events", 3, needed: true, "UFFD_FEATURE_EVENT_REMOVE", "4.11"),
        Feature("unmap_events", 6, needed: true, "UFFD_FEATURE_EVENT_UNMAP", "4.11"),
        Feature("shared_memory", 5, needed: false, "UFFD_FEATURE_MISSING_SHMEM", "4.11"),
        Feature("minor_faults", 10, needed: false, "UFFD_FEATURE_MINOR_SHMEM", "5.14"),
        Feature("poison", 14, needed: false, "UFFD_FEATURE_POISON", "6.6"),
        Feature("move", 16, needed: false, "UFFD_FEATURE_MOVE", "6.8"),
    ];

    private static Probe Feature(string name, int bit, bool needed, string kernelName, string since) =>
        new("userfaultfd_" + name, needed, () => (s_answer.Value.Features >> bit & 1) != 0 ? Finding.Ok(kernelName)
            : needed ? Finding.Missing($"no {kernelName}", $"Use Linux {since} or newer.")
            : Finding.Limited($"no {kernelName}", $"Linux {since} has it."));

    private static unsafe Answer Ask()
    {
        (int fd, string way) = OpenDescriptor();
        if (fd < 0)
        {
            return new Answer(way, 0, $"userfaultfd: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using SafeFileHandle handle = new(fd, ownsHandle: true);
        Interop.uffdio_api api = new() { api = Interop.UFFD_API };
        return Interop.ioctl_uffdio_api(fd, Interop.UFFDIO_API, &api) is 0
            ? new Answer(way, api.features, null)
            : new Answer(way, 0, $"ioctl(UFFDIO_API): {Marshal.GetLastPInvokeErrorMessage()}");
    }

    // The device first: it needs no privilege but access to a file. Without UFFD_USER_MODE_ONLY, which would not catch
    // the faults of system calls.
    private static unsafe (int Descriptor, string Way) OpenDescriptor()
    {
        if (File.Exists(Device))
        {
            try
            {
                using SafeFileHandle device = File.OpenHandle(Device, FileMode.Open, FileAccess.ReadWrite);
                int fd = Interop.ioctl_userfaultfd_new(
                    (int)device.DangerousGetHandle(), Interop.USERFAULTFD_IOC_NEW, Interop.O_CLOEXEC);
                if (fd >= 0)
                {
                    return (fd, Device);
                }
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                // The system call may still be allowed.
            }
        }

        return ((int)Interop.syscall(Interop.SYS_userfaultfd, Interop.O_CLOEXEC), "system call");
    }

    private sealed record Answer(string Way, ulong Features, string? Error);
}
