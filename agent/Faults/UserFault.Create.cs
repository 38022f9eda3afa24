using System.Text;
using Microsoft.Win32.SafeHandles;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Faults;

public sealed unsafe partial class UserFault
{
    private const ulong PageSize = 4096;

    /// <summary>Creates a userfaultfd for this process: by /dev/userfaultfd, or by the system call where that is missing or closed to the user.</summary>
    /// <param name="features">Features to switch on.</param>
    /// <exception cref="NativeException">The kernel or the user's privileges do not allow it.</exception>
    public static UserFault Create(UserFaultFeatures features)
    {
        UserFault fault = new(Open());
        uffdio_api api = new() { api = UFFD_API, features = (ulong)features };
        if (ioctl(fault._fd, unchecked((int)UFFDIO_API), &api) < 0)
        {
            int error = errno;
            fault.Dispose();
            throw new NativeException("ioctl(UFFDIO_API)", error, $"features {features}", "A newer kernel is needed for these features.");
        }

        return fault;
    }

    /// <summary>The features that this kernel offers to this user.</summary>
    /// <exception cref="NativeException">There is no userfaultfd, or the user may not have one.</exception>
    public static UserFaultFeatures Probe()
    {
        using UserFault fault = new(Open());
        uffdio_api api = new() { api = UFFD_API };
        return ioctl(fault._fd, unchecked((int)UFFDIO_API), &api) < 0
            ? throw new NativeException("ioctl(UFFDIO_API)", errno, "features 0")
            : (UserFaultFeatures)api.features;
    }

    private static SafeFileHandle Open()
    {
        const int Flags = 0x80000 | 0x800; // O_CLOEXEC | O_NONBLOCK
        fixed (byte* path = Encoding.UTF8.GetBytes(DevicePath + "\0"))
        {
            int device = open(path, O_RDWR | O_CLOEXEC);
            if (device >= 0)
            {
                int created = ioctl(device, unchecked((int)USERFAULTFD_IOC_NEW), Flags);
                close(device);
                if (created >= 0)
                {
                    return new SafeFileHandle(created, ownsHandle: true);
                }
            }
        }

        int fd = (int)(long)syscall(SYS_userfaultfd, Flags);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new NativeException(
                "userfaultfd",
                errno,
                DevicePath,
                "Run as root, give the user access to /dev/userfaultfd, or set vm.unprivileged_userfaultfd=1.");
    }
}
