using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.State;

/// <summary>A memfd that is mapped into the agent: the memory that a successor finds again.</summary>
internal sealed unsafe class StateMapping : IDisposable
{
    private readonly SafeFileHandle _handle;
    private int _lockDescriptor = -1;
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
    /// Locks the file by an open description of its own, which no other process shares, so the lock ends with this process.
    /// </summary>
    internal bool TryLock()
    {
        if (_lockDescriptor >= 0)
        {
            return true;
        }

        fixed (byte* path = Encoding.UTF8.GetBytes($"/proc/self/fd/{Descriptor}\0"))
        {
            int fd = open(path, O_RDWR | O_CLOEXEC);
            if (fd < 0)
            {
                throw new NativeException("open", errno, "page state");
            }

            if (Interop.flock(fd, Interop.LOCK_EX | Interop.LOCK_NB) < 0)
            {
                close(fd);
                return false;
            }

            _lockDescriptor = fd;
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_base != null)
        {
            munmap(_base, (size_t)(ulong)Length);
            _base = null;
        }

        if (_lockDescriptor >= 0)
        {
            close(_lockDescriptor);
            _lockDescriptor = -1;
        }

        _handle.Dispose();
    }
}
