using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat;
using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Tools.Dump.Memory;

/// <summary>
/// Reads the memory of a frozen process: an extent by one process_vm_readv(2), and what that may not read, such as pages without
/// PROT_READ, from /proc/PID/mem, which overrides the protection.
/// </summary>
/// <param name="pid">The process.</param>
/// <param name="sharesPages">
/// Whether it shares its pages with another one since a fork(2). process_vm_readv(2) pins what it reads, for which the kernel would give
/// the process a page of its own first, one by one: time and memory that /proc/PID/mem does not take.
/// </param>
public sealed unsafe class ProcessPages(int pid, bool sharesPages = false) : PageSource
{
    private readonly string _path = $"/proc/{pid}/mem";
    private SafeFileHandle? _memory;

    /// <inheritdoc/>
    public override void Read(ulong address, in PagePresence pages, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            // At most every other page of an extent begins a run.
            Interop.iovec* remote = stackalloc Interop.iovec[ImageLayout.PagesPerExtent / 2];
            int runs = 0;
            foreach (PageRun run in pages.Runs())
            {
                remote[runs++] = new Interop.iovec
                {
                    iov_base = (void*)(address + ((ulong)run.Start * PageRange.PageSize)),
                    iov_len = (nuint)run.Count * PageRange.PageSize,
                };
            }

            if (sharesPages)
            {
                ReadForced(new ReadOnlySpan<Interop.iovec>(remote, runs), start);
                return;
            }

            Interop.iovec local = new() { iov_base = start, iov_len = (nuint)destination.Length };
            nint done = Interop.process_vm_readv(pid, &local, 1, remote, (nuint)runs, 0);
            if (done != destination.Length)
            {
                ReadForced(new ReadOnlySpan<Interop.iovec>(remote, runs), start);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _memory?.Dispose();

    private void ReadForced(ReadOnlySpan<Interop.iovec> runs, byte* destination)
    {
        _memory ??= File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        foreach (Interop.iovec run in runs)
        {
            for (nuint read = 0; read < run.iov_len;)
            {
                nint count = Interop.pread(
                    (int)_memory.DangerousGetHandle(), destination + read, run.iov_len - read, (long)run.iov_base + (long)read);
                if (count <= 0)
                {
                    throw new NativeException(
                        "pread",
                        count < 0 ? Marshal.GetLastPInvokeError() : Interop.EFAULT,
                        $"{_path} at 0x{(ulong)run.iov_base + read:x}");
                }

                read += (nuint)count;
            }

            destination += run.iov_len;
        }
    }
}
