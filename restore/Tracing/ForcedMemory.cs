using System.Runtime.InteropServices;
using LazyRestore.Agent;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Restore.Tracing;

/// <summary>Writes another process's memory through /proc/PID/mem, which overrides its protection (proc_pid_mem(5)).</summary>
internal sealed unsafe class ForcedMemory(int pid) : IDisposable
{
    private readonly string _path = $"/proc/{pid}/mem";
    private readonly SafeFileHandle _file = File.OpenHandle($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    /// <summary>Writes all of the bytes.</summary>
    /// <exception cref="NativeException">They could not be written.</exception>
    /// <exception cref="TraceeGoneException">The process has ended.</exception>
    internal void Write(long address, ReadOnlySpan<byte> source)
    {
        fixed (byte* start = source)
        {
            for (int written = 0; written < source.Length;)
            {
                nint count = Interop.pwrite((int)_file.DangerousGetHandle(), start + written, (nuint)(source.Length - written), address + written);
                if (count < 0)
                {
                    throw new NativeException("pwrite", Marshal.GetLastPInvokeError(), $"{_path} at 0x{address + written:x}");
                }

                // The kernel writes nothing once the address space is gone.
                written += count > 0 ? (int)count : throw new TraceeGoneException(pid, $"{_path} takes no more");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
