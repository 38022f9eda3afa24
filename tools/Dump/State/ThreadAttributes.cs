using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Tools.Dump.State;

/// <summary>What the kernel tells of another thread without its help.</summary>
internal static unsafe class ThreadAttributes
{
    /// <summary>sched_getattr(2).</summary>
    public static SchedulingAttributes Scheduling(int tid)
    {
        Interop.sched_attr attributes;
        Check("sched_getattr", Interop.syscall(Interop.SYS_sched_getattr, tid, (nint)(&attributes), Interop.SCHED_ATTR_SIZE_VER0), tid);
        return new SchedulingAttributes(
            attributes.sched_policy,
            attributes.sched_flags,
            attributes.sched_nice,
            attributes.sched_priority,
            attributes.sched_runtime,
            attributes.sched_deadline,
            attributes.sched_period);
    }

    /// <summary>sched_getaffinity(2): a bit per processor.</summary>
    public static byte[] Affinity(int tid)
    {
        // Room for 8192 processors, the most a kernel can be built for.
        byte* mask = stackalloc byte[1024];
        long length = Check("sched_getaffinity", Interop.syscall(Interop.SYS_sched_getaffinity, tid, 1024, (nint)mask), tid);
        return new ReadOnlySpan<byte>(mask, (int)length).ToArray();
    }

    /// <summary>ioprio_get(2).</summary>
    public static int IoPriority(int tid) =>
        (int)Check("ioprio_get", Interop.syscall(Interop.SYS_ioprio_get, Interop.IOPRIO_WHO_PROCESS, tid), tid);

    /// <summary>get_robust_list(2): the head's address, 0 for none, and the registered length.</summary>
    public static (ulong Head, ulong Length) RobustList(int tid)
    {
        ulong head = 0;
        ulong length = 0;
        Check("get_robust_list", Interop.syscall(Interop.SYS_get_robust_list, tid, (nint)(&head), (nint)(&length)), tid);
        return (head, length);
    }

    private static long Check(string call, long result, int tid) =>
        result >= 0 ? result : throw new NativeException(call, Marshal.GetLastPInvokeError(), $"thread {tid}");
}
