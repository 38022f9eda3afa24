using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Session;

/// <summary>
/// One processor for a process that is being built and for the thread that builds it (sched_setaffinity(2)). The two take turns, hundreds of
/// times: on one processor a turn is a switch between tasks, on two it is the waking of one that idles, which takes a virtual machine
/// tens of microseconds. Where the kernel does not let tasks be bound, they are not.
/// </summary>
internal sealed unsafe class SharedProcessor
{
    private const int CallingThread = 0;

    // The kernel wants room for all processors that it could have; this is room for 8192.
    private readonly byte[] _all = new byte[1024];
    private readonly int _length;

    /// <summary>Notes which processors the calling thread may use.</summary>
    internal SharedProcessor()
    {
        fixed (byte* all = _all)
        {
            _length = (int)Interop.syscall((long)SystemCall.sched_getaffinity, CallingThread, _all.Length, (nint)all);
        }
    }

    /// <summary>Binds the calling thread to the processor that it is on; threads and tasks that it creates begin there, too.</summary>
    internal void Enter()
    {
        uint current;
        if (_length > 0 && Interop.syscall((long)SystemCall.getcpu, (nint)(&current)) == 0 && current / 8 < _length)
        {
            Span<byte> one = stackalloc byte[_length];
            one.Clear();
            one[(int)(current / 8)] = (byte)(1 << (int)(current % 8));
            _ = TryBind(CallingThread, one);
        }
    }

    /// <summary>Lets the calling thread use all processors again.</summary>
    internal void Leave() => Free(CallingThread);

    /// <summary>Lets a task of ours use all processors that we may use.</summary>
    internal void Free(int task)
    {
        if (_length > 0)
        {
            _ = TryBind(task, _all.AsSpan(0, _length));
        }
    }

    /// <summary>Lets a task use the processors of a mask; where this host has none of them, or the mask is empty, all that we may use.</summary>
    internal void Free(int task, ReadOnlySpan<byte> mask)
    {
        if (mask.IsEmpty || !TryBind(task, mask))
        {
            Free(task);
        }
    }

    private static bool TryBind(int task, ReadOnlySpan<byte> mask)
    {
        fixed (byte* bits = mask)
        {
            return Interop.syscall((long)SystemCall.sched_setaffinity, task, mask.Length, (nint)bits) == 0;
        }
    }
}
