using System.Runtime.InteropServices;
using LazyRestore.Agent;

namespace LazyRestore.Restore.Tracing;

/// <summary>Reads and writes another process's memory, process_vm_readv(2).</summary>
public static unsafe class ProcessMemory
{
    /// <summary>Fills a buffer from an address; all of it or an error.</summary>
    /// <exception cref="NativeException">Not all of it could be read.</exception>
    public static void Read(int pid, ulong address, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            var local = new Interop.iovec { iov_base = start, iov_len = (nuint)destination.Length };
            var remote = new Interop.iovec { iov_base = (void*)address, iov_len = (nuint)destination.Length };
            nint done = Interop.process_vm_readv(pid, &local, 1, &remote, 1, 0);
            ThrowUnlessWhole("process_vm_readv", done, destination.Length, pid, address);
        }
    }

    /// <summary>Writes bytes to an address that the process itself may write to; all of them or an error.</summary>
    /// <exception cref="NativeException">Not all of it could be written.</exception>
    public static void Write(int pid, ulong address, ReadOnlySpan<byte> source)
    {
        fixed (byte* start = source)
        {
            var local = new Interop.iovec { iov_base = start, iov_len = (nuint)source.Length };
            var remote = new Interop.iovec { iov_base = (void*)address, iov_len = (nuint)source.Length };
            nint done = Interop.process_vm_writev(pid, &local, 1, &remote, 1, 0);
            ThrowUnlessWhole("process_vm_writev", done, source.Length, pid, address);
        }
    }

    private static void ThrowUnlessWhole(string call, nint done, int wanted, int pid, ulong address)
    {
        const int Efault = 14;
        if (done != wanted)
        {
            throw new NativeException(call, done < 0 ? Marshal.GetLastPInvokeError() : Efault, $"of process {pid} at 0x{address:x}+{wanted}");
        }
    }
}
