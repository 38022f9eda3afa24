using System.Runtime.InteropServices;
using LazyRestore.Agent;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Session;

/// <summary>A file descriptor that stands for a process and cannot come to mean another one, pidfd_open(2).</summary>
internal sealed unsafe class PidDescriptor : IDisposable
{
    private readonly SafeFileHandle _handle;

    private PidDescriptor(int pid, SafeFileHandle handle)
    {
        Pid = pid;
        _handle = handle;
    }

    /// <summary>The process.</summary>
    internal int Pid { get; }

    /// <summary>The descriptor.</summary>
    internal int Descriptor => (int)_handle.DangerousGetHandle();

    internal static PidDescriptor Open(int pid)
    {
        long descriptor = Interop.syscall(Interop.PidfdOpen, pid);
        return descriptor < 0
            ? throw new NativeException("pidfd_open", Marshal.GetLastPInvokeError(), $"of process {pid}")
            : new PidDescriptor(pid, new SafeFileHandle((nint)descriptor, ownsHandle: true));
    }

    /// <summary>Takes a duplicate of one of the process's descriptors, pidfd_getfd(2).</summary>
    internal SafeFileHandle Take(int descriptor)
    {
        long taken = Interop.syscall(Interop.PidfdGetFd, _handle.DangerousGetHandle(), descriptor);
        return taken < 0
            ? throw new NativeException("pidfd_getfd", Marshal.GetLastPInvokeError(), $"of descriptor {descriptor} of process {Pid}")
            : new SafeFileHandle((nint)taken, ownsHandle: true);
    }

    /// <summary>Waits until the process has ended.</summary>
    /// <param name="milliseconds">How long; -1 for ever.</param>
    /// <returns>Whether it has.</returns>
    internal bool WaitForEnd(int milliseconds)
    {
        var poll = new Interop.pollfd { fd = (int)_handle.DangerousGetHandle(), events = Interop.POLLIN };
        return Interop.poll(&poll, 1, milliseconds) > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
