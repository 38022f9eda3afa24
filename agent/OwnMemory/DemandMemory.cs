using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using LazyRestore.Agent.Faults;
using Tmds.Linux;
using static LazyRestore.Agent.Interop.UserFaultFd;
using static Tmds.Linux.LibC;

namespace LazyRestore.Agent.OwnMemory;

/// <summary>
/// Memory whose pages are produced when they are touched first. Managed code has no pointer to it: a managed thread that waits for a page
/// in a page fault cannot be stopped by the garbage collector, while the filler, which is managed code too, may have to wait for
/// the collector. <see cref="Read"/> and <see cref="Write"/> wait in a system call instead, where the collector need not stop a thread. They may
/// be called by many threads.
/// </summary>
public sealed unsafe class DemandMemory : IDisposable
{
    private const int PageSize = 4096;

    private readonly UserFault _fault;
    private readonly PageFiller? _fill;
    private readonly Thread? _thread;
    private readonly ConcurrentDictionary<long, Exception> _causes = [];
    private readonly int _interrupt;
    private readonly byte* _memory;
    private readonly byte* _page;
    private int _users;
    private int _ends;

    /// <summary>Memory that is filled on demand. A page that cannot be had is poisoned (UFFDIO_POISON, Linux 6.6).</summary>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    /// <param name="fill">Produces pages, one at a time.</param>
    /// <exception cref="NativeException">The kernel or the user's privileges do not allow it.</exception>
    public DemandMemory(long length, PageFiller fill)
        : this(length, UserFaultFeatures.Poison)
    {
        _fill = fill;
        _interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        _thread = new Thread(Serve) { Name = "demand memory", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Memory in which only what was given to <see cref="Fill"/> can be read: who touches anything else gets an error at once
    /// (UFFD_FEATURE_SIGBUS).
    /// </summary>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    /// <exception cref="NativeException">The kernel or the user's privileges do not allow it.</exception>
    public DemandMemory(long length)
        : this(length, UserFaultFeatures.SigBus)
    {
    }

    private DemandMemory(long length, UserFaultFeatures features)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0);
        Length = length;
        _fault = UserFault.Create(features);
        void* memory = mmap(null, (size_t)(ulong)length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
        {
            int error = errno;
            _fault.Dispose();
            throw new NativeException("mmap", error, $"of {length} bytes");
        }

        _memory = (byte*)memory;
        _page = (byte*)NativeMemory.AlignedAlloc(PageSize, PageSize);
        PlacementResult registered = _fault.Register((ulong)memory, (ulong)length);
        if (registered.Outcome != PlacementOutcome.Installed)
        {
            _fault.Dispose();
            _ = munmap(memory, (size_t)(ulong)length);
            NativeMemory.AlignedFree(_page);
            throw new NativeException("ioctl(UFFDIO_REGISTER)", registered.Errno, $"of {length} bytes");
        }
    }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>
    /// Where it is, for system calls and native code alone, which wait for pages; a page that cannot be had is EFAULT to them, or SIGBUS. Managed
    /// code must not follow it. Not after the memory was disposed.
    /// </summary>
    public nint Address => (nint)_memory;

    /// <summary>Reads, and waits for pages that are not there yet.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="destination">What is read.</param>
    /// <exception cref="UnavailablePageException">A page cannot be had.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        fixed (byte* local = destination)
        {
            Transfer(offset, local, destination.Length, isWrite: false);
        }
    }

    /// <summary>Writes, and waits for pages that are not there yet.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="source">What is written.</param>
    /// <exception cref="UnavailablePageException">A page cannot be had.</exception>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        fixed (byte* local = source)
        {
            Transfer(offset, local, source.Length, isWrite: true);
        }
    }

    /// <summary>Brings pages that nobody has asked for yet. Those that are there stay as they are.</summary>
    /// <param name="offset">Where; a multiple of the page size.</param>
    /// <param name="pages">Their content, a multiple of the page size.</param>
    public void Fill(long offset, ReadOnlySpan<byte> pages)
    {
        Check(offset, pages.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset % PageSize, 0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pages.Length % PageSize, 0);
        Enter();
        try
        {
            fixed (byte* source = pages)
            {
                for (long placed = 0; placed < pages.Length;)
                {
                    placed += Place(offset + placed, source + placed, pages.Length - placed);
                }
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends it. Threads that wait for pages get an error; nobody may use its address any more.</summary>
    public void Dispose()
    {
        RefuseFiller();
        if (Interlocked.Exchange(ref _ends, 1) != 0)
        {
            return;
        }

        // Nobody is to wait for ever, to read zeros for data, or to find somebody else's memory there. Without a mapping that can be read, who
        // is woken gets an error.
        _ = mmap(_memory, (size_t)(ulong)Length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        SpinWait wait = default;
        while (Volatile.Read(ref _users) > 0)
        {
            _ = _fault.Wake((ulong)_memory, (ulong)Length);
            wait.SpinOnce();
        }

        if (_thread is not null)
        {
            ulong one = 1;
            _ = write(_interrupt, &one, sizeof(ulong));
            _thread.Join();
            _ = close(_interrupt);
        }

        _fault.Dispose();
        _ = munmap(_memory, (size_t)(ulong)Length);
        NativeMemory.AlignedFree(_page);
    }

    private void Transfer(long offset, byte* local, int length, bool isWrite)
    {
        Check(offset, length);
        RefuseFiller();
        Enter();
        try
        {
            int done = 0;
            while (done < length)
            {
                iovec here = new() { iov_base = local + done, iov_len = length - done };
                iovec there = new() { iov_base = _memory + offset + done, iov_len = length - done };
                long count = isWrite
                    ? Interop.process_vm_writev(Environment.ProcessId, &here, 1, &there, 1, 0)
                    : Interop.process_vm_readv(Environment.ProcessId, &here, 1, &there, 1, 0);
                if (count < 0)
                {
                    throw Unavailable(offset + done, Marshal.GetLastPInvokeError());
                }

                done += (int)count;
            }
        }
        finally
        {
            Leave();
        }
    }

    private Exception Unavailable(long offset, int error)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _ends) != 0, this);
        long page = offset / PageSize * PageSize;
        return error == Interop.Errno.EFAULT
            ? new UnavailablePageException(page, _causes.GetValueOrDefault(page))
            : new NativeException("process_vm_readv", error, $"of offset 0x{offset:x}");
    }

    private long Place(long offset, byte* source, long length)
    {
        PlacementResult result = _fault.Copy((ulong)(_memory + offset), (nint)source, (ulong)length);
        switch (result.Outcome)
        {
            case PlacementOutcome.Installed:
                return (long)result.Bytes;
            case PlacementOutcome.AlreadyPresent:
                _ = _fault.Wake((ulong)(_memory + offset), PageSize);
                return PageSize;
            case PlacementOutcome.Deferred:
                return 0;
            default:
                ObjectDisposedException.ThrowIf(Volatile.Read(ref _ends) != 0, this);
                throw new NativeException("ioctl(UFFDIO_COPY)", result.Errno, $"of offset 0x{offset:x}");
        }
    }

    private void Serve()
    {
        pollfd* descriptors = stackalloc pollfd[2];
        descriptors[0] = new pollfd { fd = _fault.Descriptor, events = POLLIN };
        descriptors[1] = new pollfd { fd = _interrupt, events = POLLIN };
        uffd_msg message;
        while (Volatile.Read(ref _ends) == 0)
        {
            _ = poll(descriptors, 2, -1);
            while (_fault.Read(&message, 1) == 1)
            {
                Answer((long)(message.pagefault_address - (ulong)_memory) / PageSize * PageSize);
            }
        }
    }

    // Whatever happens, whoever waits is answered.
    private void Answer(long offset)
    {
        try
        {
            new Span<byte>(_page, PageSize).Clear();
            if (_fill!(offset, new Span<byte>(_page, PageSize)))
            {
                _ = Place(offset, _page, PageSize);
                return;
            }
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _ends) != 0)
        {
            return;
        }
        catch (Exception cause)
        {
            _causes[offset] = cause;
        }

        if (_fault.Poison((ulong)(_memory + offset), PageSize).Outcome != PlacementOutcome.Installed)
        {
            _ = _fault.Wake((ulong)(_memory + offset), PageSize);
        }
    }

    private void Check(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
    }

    private void RefuseFiller()
    {
        if (Thread.CurrentThread == _thread)
        {
            throw new InvalidOperationException("A filler must neither touch nor end the memory that it fills: it would wait for itself.");
        }
    }

    // Between Enter and Leave the address stays ours.
    private void Enter()
    {
        _ = Interlocked.Increment(ref _users);
        if (Volatile.Read(ref _ends) != 0)
        {
            Leave();
            throw new ObjectDisposedException(nameof(DemandMemory));
        }
    }

    private void Leave() => _ = Interlocked.Decrement(ref _users);
}
