using System.Buffers.Binary;
using System.Numerics;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Output;

namespace LazyRestore.Tools.Inspect;

/// <summary><c>inspect IMAGE threads</c>: where each thread stood and what the kernel kept for it.</summary>
internal static class ThreadsSection
{
    // Offsets in struct user_regs_struct.
    private const int OrigRax = 120;
    private const int Rip = 128;
    private const int Rsp = 152;
    private const int FsBase = 168;

    private static readonly Column[] s_columns =
    [
        new("tid", "TID", Right: true),
        new("name", "NAME"),
        new("instruction_pointer", "INSTRUCTION", Right: true),
        new("stack_pointer", "STACK", Right: true),
        new("thread_pointer", "TLS", Right: true),
        new("system_call", "SYSCALL", Right: true),
        new("policy", "POLICY"),
        new("nice", "NICE", Right: true),
        new("priority", "PRIO", Right: true),
        new("processors", "CPUS", Right: true),
        new("signal_mask", "MASKED", Right: true),
        new("pending_signals", "PENDING", Right: true),
        new("extended_state_bytes", null),
        new("alternate_stack", null),
        new("rseq", null),
        new("robust_list", null),
        new("user_id", null),
    ];

    /// <summary>Lays out the threads, the group leader first.</summary>
    public static Document Of(Checkpoint checkpoint) => new()
    {
        Tables = [new Table { Name = "threads", Columns = s_columns, Rows = [.. checkpoint.Threads.Select(Row)] }],
    };

    private static Value[] Row(ThreadRecord thread) =>
    [
        Value.Count(thread.Tid),
        Value.Text(thread.Name),
        Register(thread, Rip),
        Register(thread, Rsp),
        Register(thread, FsBase),
        SystemCall(thread),
        Value.Text(KernelNames.Policy(thread.Scheduling.Policy)),
        Value.Count(thread.Scheduling.Nice),
        Value.Count(thread.Scheduling.Priority),
        Value.Count(Processors(thread)),
        Value.Address(thread.SignalMask),
        Value.Count(thread.PendingSignals.Count),
        Value.Count(thread.ExtendedState.Length),
        thread.AlternateStack.Size > 0 ? Value.Address(thread.AlternateStack.Address) : Value.None,
        thread.Rseq is { } rseq ? Value.Address(rseq.Address) : Value.None,
        thread.RobustListHead != 0 ? Value.Address(thread.RobustListHead) : Value.None,
        Value.Count(thread.Credentials.UserIds[0]),
    ];

    private static Value Register(ThreadRecord thread, int offset) => Value.Address(Read(thread, offset));

    // The call the thread was in; a negative number means that it was in none.
    private static Value SystemCall(ThreadRecord thread) =>
        (long)Read(thread, OrigRax) is >= 0 and var number ? Value.Count(number) : Value.None;

    private static ulong Read(ThreadRecord thread, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(thread.Registers.Span[offset..]);

    private static int Processors(ThreadRecord thread)
    {
        int count = 0;
        foreach (byte bits in thread.Affinity.Span)
        {
            count += BitOperations.PopCount(bits);
        }

        return count;
    }
}
