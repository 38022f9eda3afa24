using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>A memfd that is mapped into the agent: the memory that a successor finds again.</summary>
internal sealed unsafe class StateMapping : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private readonly SafeFileHandle _handle;
    private SafeFileHandle? _lock;
    private byte* _base;

    private StateMapping(SafeFileHandle handle, long length)
    {
        _handle = handle;
        Length = length;
        Descriptor = (int)handle.DangerousGetHandle();
        void* address = mmap(null, (size_t)(ulong)length, PROT_READ | PROT_WRITE, MAP_SHARED, Descriptor, 0);
        if (address == MAP_FAILED)
        {
            throw new NativeException("mmap", errno, "page state");
        }

        _base = (byte*)address;
    }

    /// <summary>The memfd.</summary>
    internal int Descriptor { get; }

    /// <summary>Bytes that are mapped.</summary>
    internal long Length { get; }

    /// <summary>The first byte.</summary>
    internal byte* Base => _base;

    /// <summary>Creates a memfd of zeros.</summary>
    internal static StateMapping Create(long length)
    {
        fixed (byte* name = "lazyrestore-pages\0"u8)
        {
            int fd = memfd_create(name, MFD_CLOEXEC);
            if (fd < 0)
            {
                throw new NativeException("memfd_create", errno, "page state");
            }

            SafeFileHandle handle = new(fd, ownsHandle: true);
            if (ftruncate(fd, length) < 0)
            {
                int error = errno;
                handle.Dispose();
                throw new NativeException("ftruncate", error, $"page state, {length} bytes");
            }

            return new StateMapping(handle, length);
        }
    }

    /// <summary>Maps a memfd that exists and owns it from now on.</summary>
    internal static StateMapping Open(SafeFileHandle handle) => new(handle, RandomAccess.GetLength(handle));

    /// <summary>
    /// Locks the file by an open description of its own, which no other process shares but the agent's <see cref="DescriptorKeeper"/>.
    /// </summary>
    /// <param name="inherited">The description by which a dead agent has locked it, owned from now on; null when that left none.</param>
    internal bool TryLock(SafeFileHandle? inherited = null)
    {
        if (_lock is not null)
        {
            return true;
        }

        SafeFileHandle description = inherited ?? OpenAnew();
        if (Interop.flock((int)description.DangerousGetHandle(), Interop.LOCK_EX | Interop.LOCK_NB) < 0)
        {
            description.Dispose();
            return false;
        }

        _lock = description;
        return true;
    }

    /// <summary>The descriptor by which we have locked it; -1 when we have not.</summary>
    internal int LockDescriptor => _lock is { } description ? (int)description.DangerousGetHandle() : -1;

    /// <summary>
    /// Waits until nobody else is about to succeed a dead agent; ends with the handle. What keeps the descriptors of a service that died in the middle
    /// of it keeps this lock, too, until the last process of that service has another agent: so it is not waited for without end.
    /// </summary>
    /// <returns>Null when somebody still is.</returns>
    internal SafeFileHandle? LockSuccession()
    {
        SafeFileHandle description = OpenAnew();
        Interop.RecordLock whole = new() { l_type = Interop.F_WRLCK };
        long start = Stopwatch.GetTimestamp();
        while (Interop.fcntl((int)description.DangerousGetHandle(), Interop.F_OFD_SETLK, &whole) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            bool isHeld = error is Interop.Errno.EAGAIN or Interop.Errno.EACCES;
            if (!isHeld || Stopwatch.GetElapsedTime(start) > s_patience)
            {
                description.Dispose();
                return isHeld ? null : throw new NativeException("fcntl(F_OFD_SETLK)", error, "page state");
            }

            Thread.Sleep(1);
        }

        return description;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_base != null)
        {
            munmap(_base, (size_t)(ulong)Length);
            _base = null;
        }

        if (_lock is { } description)
        {
            // What keeps the descriptors of a dead agent may have the description as well.
            _ = Interop.flock((int)description.DangerousGetHandle(), Interop.LOCK_UN);
            description.Dispose();
            _lock = null;
        }

        _handle.Dispose();
    }

    private SafeFileHandle OpenAnew()
    {
        fixed (byte* path = Encoding.UTF8.GetBytes($"/proc/self/fd/{Descriptor}\0"))
        {
            int fd = open(path, O_RDWR | O_CLOEXEC);
            return fd < 0 ? throw new NativeException("open", errno, "page state") : new SafeFileHandle(fd, ownsHandle: true);
        }
    }
}
