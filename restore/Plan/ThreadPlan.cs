using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>Plans what a thread must do itself, because the kernel lets nobody else do it.</summary>
internal static class ThreadPlan
{
    private const int PrSetPdeathsig = 1;
    private const int PrSetName = 15;
    private const int PrSetTimerslack = 29;
    private const int SchedAttrSize = 48;
    private const int IoprioWhoProcess = 1;
    private const int DisableStack = 2;

    /// <summary>Everything but credentials and signals.</summary>
    internal static void Add(SystemCallProgram program, ThreadRecord thread)
    {
        program.About($"thread {thread.Tid}");
        program.Call(SystemCall.prctl, PrSetName, program.Text(thread.Name), 0, 0, 0);
        program.Call(SystemCall.set_tid_address, thread.ClearTidAddress);
        if (thread.RobustListHead != 0)
        {
            program.Call(SystemCall.set_robust_list, thread.RobustListHead, thread.RobustListLength);
        }

        AddAlternateStack(program, thread.AlternateStack);
        program.Call(SystemCall.prctl, PrSetTimerslack, thread.TimerSlackNanoseconds, 0, 0, 0);
        AddScheduling(program, thread);
    }

    /// <summary>What a change of credentials would undo.</summary>
    internal static void AddLast(SystemCallProgram program, ThreadRecord thread) =>
        program.About($"thread {thread.Tid}").Call(SystemCall.prctl, PrSetPdeathsig, thread.ParentDeathSignal, 0, 0, 0);

    /// <summary>What the thread may call, as long as it may still set that. It has no effect on what we call, which needs PTRACE_O_SUSPEND_SECCOMP.</summary>
    internal static void AddSeccomp(SystemCallProgram program, ThreadRecord thread)
    {
        const int SetModeStrict = 0;
        const int SetModeFilter = 1;
        if (thread.Seccomp is not { } seccomp)
        {
            return;
        }

        program.About($"seccomp of thread {thread.Tid}");
        foreach (SeccompFilter filter in seccomp.Filters)
        {
            // struct sock_fprog: the number of instructions, and where they are.
            DataRef descriptor = program.Words((ulong)(filter.Program.Length / SeccompFilter.InstructionSize), 0);
            program.Point(descriptor, sizeof(ulong), program.Data(filter.Program.Span));
            program.Call(SystemCall.seccomp, SetModeFilter, filter.Flags, descriptor);
        }

        if (seccomp.Filters.Count == 0)
        {
            program.Call(SystemCall.seccomp, SetModeStrict, 0, 0);
        }
    }

    /// <summary>The restartable-sequence area: from here on the kernel writes to the thread's own memory.</summary>
    internal static void AddRseq(SystemCallProgram program, ThreadRecord thread)
    {
        if (thread.Rseq is { } rseq)
        {
            program.About($"rseq of thread {thread.Tid}");
            program.Call(SystemCall.rseq, rseq.Address, rseq.Size, 0, rseq.Signature);
        }
    }

    private static void AddAlternateStack(SystemCallProgram program, AlternateStack stack)
    {
        if ((stack.Flags & DisableStack) == 0 && stack.Size != 0)
        {
            // SS_ONSTACK tells where the thread is and cannot be set; only SS_AUTODISARM is kept.
            const uint AutoDisarm = 1u << 31;
            program.Call(SystemCall.sigaltstack, program.Words(stack.Address, (uint)stack.Flags & AutoDisarm, stack.Size), 0);
        }
    }

    private static void AddScheduling(SystemCallProgram program, ThreadRecord thread)
    {
        SchedulingAttributes scheduling = thread.Scheduling;
        Span<byte> attributes = stackalloc byte[SchedAttrSize];
        BinaryPrimitives.WriteUInt32LittleEndian(attributes, SchedAttrSize);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes[4..], scheduling.Policy);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], scheduling.Flags);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[16..], scheduling.Nice);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes[20..], scheduling.Priority);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[24..], scheduling.Runtime);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[32..], scheduling.Deadline);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[40..], scheduling.Period);
        program.Call(SystemCall.sched_setattr, 0, program.Data(attributes), 0);
        if (thread.IoPriority != 0)
        {
            program.Try(SystemCall.ioprio_set, IoprioWhoProcess, 0, thread.IoPriority);
        }
    }
}
