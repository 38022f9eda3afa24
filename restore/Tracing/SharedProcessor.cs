using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// Binds threads to one processor for a while (sched_setaffinity(2)), above all a process that is being built, and the thread that builds it. The
/// two take turns, hundreds of times: on one processor a turn is a switch between tasks, on two it is the waking of one that idles, which takes a
/// virtual machine tens of microseconds. Where the kernel does not let tasks be bound, they are not.
/// </summary>
public sealed unsafe class SharedProcessor
{
    private const int CallingThread = 0;

    // The kernel wants room for all processors that it could have; this is room for 8192.
    private readonly byte[] _all = new byte[1024];
    private readonly int _length;

    /// <summary>Notes which processors the calling thread may use.</summary>
    public SharedProcessor()
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
        if (Interop.syscall((long)SystemCall.getcpu, (nint)(&current)) == 0)
        {
            _ = TryEnter((int)current);
        }
    }

    /// <summary>Binds the calling thread to a processor; false when it may not be there.</summary>
    public bool TryEnter(int processor)
    {
        if (processor < 0 || processor / 8 >= _length)
        {
            return false;
        }

        Span<byte> one = stackalloc byte[_length];
        one.Clear();
        one[processor / 8] = (byte)(1 << (processor % 8));
        return TryBind(CallingThread, one);
    }

    /// <summary>Lets the calling thread use all processors again.</summary>
    public void Leave() => Free(CallingThread);

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
