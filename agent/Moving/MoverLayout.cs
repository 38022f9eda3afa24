using LazyRestore.ImageFormat;

namespace LazyRestore.Agent.Moving;

/// <summary>
/// How the memory lies that agent and mover share. First the slots' data, 2 MiB each, so that it can be mapped in huge pages; behind it a
/// page with what both need to know, and a record for each slot. The mover's machine code is assembled with these offsets.
/// </summary>
public static class MoverLayout
{
    /// <summary>How many extents can be under way at once.</summary>
    public const int Slots = 3;

    /// <summary>Where the shared page begins, in bytes.</summary>
    public const int Header = Slots * ImageLayout.ExtentSpan;

    /// <summary>The shared memory's length in bytes.</summary>
    public const int Length = Header + ImageLayout.PageSize;

    /// <summary>u32: see <see cref="GateOpen"/>.</summary>
    public const int Gate = 0;

    /// <summary>u32: 1 when the mover sleeps, or is about to, and wants to be woken.</summary>
    public const int Sleeping = 4;

    /// <summary>u32: the mover's descriptor of the eventfd that tells of finished commands.</summary>
    public const int DoneDescriptor = 8;

    /// <summary>Three struct pollfd: the eventfd that tells of new commands, the process, the agent.</summary>
    public const int Watched = 16;

    /// <summary>u64: 1, what is written to an eventfd.</summary>
    public const int One = 40;

    /// <summary>u64: what is read from an eventfd.</summary>
    public const int Read = 48;

    /// <summary>struct timespec: how long the mover sleeps before it looks at a closed gate again.</summary>
    public const int GatePause = 56;

    /// <summary>The first slot's record.</summary>
    public const int FirstSlot = 256;

    /// <summary>Bytes from a slot's record to the next.</summary>
    public const int SlotSize = 256;

    /// <summary>u32 of a slot: whose it is, <see cref="Idle"/>, <see cref="Submitted"/> or <see cref="Done"/>.</summary>
    public const int State = 0;

    /// <summary>u32 of a slot: not 0 when the system call is to be left out.</summary>
    public const int Cancelled = 4;

    /// <summary>u64 of a slot: how many bytes are copied before the system call, their destination, and their source.</summary>
    public const int CopyLength = 8;

    /// <summary>u64 of a slot.</summary>
    public const int CopyDestination = 16;

    /// <summary>u64 of a slot.</summary>
    public const int CopySource = 24;

    /// <summary>u64 of a slot: the system call's number.</summary>
    public const int Call = 32;

    /// <summary>Six u64 of a slot: its arguments.</summary>
    public const int Arguments = 40;

    /// <summary>i64 of a slot: what it returned.</summary>
    public const int Result = 88;

    /// <summary>A struct of a slot that the call may point to: uffdio_move.</summary>
    public const int Request = 96;

    /// <summary>Gate: the mover may make a system call.</summary>
    public const uint GateOpen = 0;

    /// <summary>Gate: the agent reads and applies messages, and no system call may be made.</summary>
    public const uint GateClosed = 1;

    /// <summary>Gate: the mover makes a system call.</summary>
    public const uint GateEntered = 2;

    /// <summary>The slot is the agent's.</summary>
    public const uint Idle = 0;

    /// <summary>The slot is the mover's.</summary>
    public const uint Submitted = 1;

    /// <summary>The slot is the agent's again, with a result.</summary>
    public const uint Done = 2;
}
