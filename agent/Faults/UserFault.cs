using Microsoft.Win32.SafeHandles;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.Faults;

/// <summary>
/// A userfaultfd, userfaultfd(2). The calls that serve faults neither throw nor allocate; they answer with an outcome.
/// </summary>
public sealed unsafe partial class UserFault : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly int _fd;

    /// <summary>Wraps a userfaultfd and owns it from now on. It must have been through UFFDIO_API.</summary>
    public UserFault(SafeFileHandle handle)
    {
        _handle = handle;
        _fd = (int)handle.DangerousGetHandle();
    }

    /// <summary>The descriptor's number.</summary>
    public int Descriptor => _fd;

    /// <summary>The handle that owns the descriptor.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>UFFDIO_COPY: places copies of pages at an address of the faulting process and wakes who waits for them.</summary>
    /// <param name="destination">The page-aligned address there.</param>
    /// <param name="source">The address here; it must stay valid until the call returns.</param>
    /// <param name="length">Bytes, a multiple of the page size, inside one mapping.</param>
    public PlacementResult Copy(ulong destination, nint source, ulong length)
    {
        uffdio_copy request = new() { dst = destination, src = (ulong)source, len = length };
        int returned = ioctl(_fd, unchecked((int)UFFDIO_COPY), &request);
        return returned == 0
            ? new PlacementResult(PlacementOutcome.Installed, length, 0)
            : PlacementResult.Decode(returned, errno, request.copy, length);
    }

    /// <summary>UFFDIO_ZEROPAGE: lets pages read as zero and wakes who waits for them.</summary>
    public PlacementResult ZeroPage(ulong destination, ulong length)
    {
        uffdio_zeropage request = new() { range = new() { start = destination, len = length } };
        int returned = ioctl(_fd, unchecked((int)UFFDIO_ZEROPAGE), &request);
        return returned == 0
            ? new PlacementResult(PlacementOutcome.Installed, length, 0)
            : PlacementResult.Decode(returned, errno, request.zeropage, length);
    }

    /// <summary>
    /// UFFDIO_MOVE: takes pages from one address of this process and puts them at another, without copying them, and wakes who waits for
    /// them. The userfaultfd must have been made by this process, with <see cref="UserFaultFeatures.Move"/>: with another's EINVAL comes back.
    /// </summary>
    /// <param name="destination">The page-aligned address where they are missing.</param>
    /// <param name="source">Where they are: private anonymous memory that no other process shares and no device uses (EBUSY).</param>
    /// <param name="length">Bytes, a multiple of the page size, inside one mapping.</param>
    /// <param name="allowHoles">Whether pages that the source lacks are passed over; otherwise they are ENOENT.</param>
    public PlacementResult Move(ulong destination, nint source, ulong length, bool allowHoles = false)
    {
        uffdio_move request = new()
        {
            dst = destination,
            src = (ulong)source,
            len = length,
            mode = allowHoles ? UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES : 0,
        };
        int returned = ioctl(_fd, unchecked((int)UFFDIO_MOVE), &request);
        return returned == 0
            ? new PlacementResult(PlacementOutcome.Installed, length, 0)
            : PlacementResult.Decode(returned, errno, request.move, length);
    }

    /// <summary>
    /// UFFDIO_CONTINUE: maps pages that the file behind a shared mapping has, and wakes who waits for them. Where the file has none the
    /// call fails with EFAULT, where one is mapped already with EEXIST. Linux 5.14.
    /// </summary>
    public PlacementResult Continue(ulong destination, ulong length)
    {
        uffdio_continue request = new() { range = new() { start = destination, len = length } };
        int returned = ioctl(_fd, unchecked((int)UFFDIO_CONTINUE), &request);
        return returned == 0
            ? new PlacementResult(PlacementOutcome.Installed, length, 0)
            : PlacementResult.Decode(returned, errno, request.mapped, length);
    }

    /// <summary>
    /// UFFDIO_POISON: whoever touches the pages gets SIGBUS, a system call EFAULT, and who waits is woken for that. Linux 6.6; needs
    /// <see cref="UserFaultFeatures.Poison"/>.
    /// </summary>
    public PlacementResult Poison(ulong destination, ulong length)
    {
        uffdio_poison request = new() { range = new() { start = destination, len = length } };
        int returned = ioctl(_fd, unchecked((int)UFFDIO_POISON), &request);
        return returned == 0
            ? new PlacementResult(PlacementOutcome.Installed, length, 0)
            : PlacementResult.Decode(returned, errno, request.updated, length);
    }

    /// <summary>UFFDIO_WAKE: lets the threads that wait for a page of the range try again.</summary>
    public PlacementResult Wake(ulong start, ulong length)
    {
        uffdio_range range = new() { start = start, len = length };
        return PlacementResult.Decode(ioctl(_fd, unchecked((int)UFFDIO_WAKE), &range), errno, 0, length);
    }

    /// <summary>UFFDIO_REGISTER: missing pages of the range are announced here from now on.</summary>
    public PlacementResult Register(ulong start, ulong length)
    {
        uffdio_register request = new() { range = new() { start = start, len = length }, mode = UFFDIO_REGISTER_MODE_MISSING };
        return PlacementResult.Decode(ioctl(_fd, unchecked((int)UFFDIO_REGISTER), &request), errno, 0, length);
    }

    /// <summary>UFFDIO_UNREGISTER: missing pages of the range read as zero from now on.</summary>
    public PlacementResult Unregister(ulong start, ulong length)
    {
        uffdio_range range = new() { start = start, len = length };
        return PlacementResult.Decode(ioctl(_fd, unchecked((int)UFFDIO_UNREGISTER), &range), errno, 0, length);
    }

    /// <summary>
    /// Whether the address space behind the descriptor is gone. The address must be one where no registered memory lies:
    /// the attempt to place a page there fails in any case, and how it fails tells.
    /// </summary>
    internal bool IsGone(ulong unregisteredAddress) => ZeroPage(unregisteredAddress, PageSize).Outcome == PlacementOutcome.Gone;

    /// <summary>
    /// Whether an event is on its way that has not been read: the kernel looks for that before it looks at the range, which is none.
    /// </summary>
    internal bool IsChanging => ZeroPage(0, 0).Outcome == PlacementOutcome.Deferred;

    /// <summary>Reads waiting messages without blocking.</summary>
    /// <returns>How many messages were read, or a negative error number (-EAGAIN: none waits).</returns>
    internal int Read(uffd_msg* messages, int capacity)
    {
        long bytes = (long)read(_fd, messages, capacity * sizeof(uffd_msg));
        return bytes < 0 ? -errno : (int)(bytes / sizeof(uffd_msg));
    }

    /// <summary>Makes reads return at once. The flag belongs to the open file description, which other holders share.</summary>
    internal void SetNonBlocking()
    {
        int flags = fcntl(_fd, F_GETFL);
        if (flags < 0 || fcntl(_fd, F_SETFL, flags | O_NONBLOCK) < 0)
        {
            throw new NativeException("fcntl(F_SETFL)", errno, "userfaultfd");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
