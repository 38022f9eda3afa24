using System.Buffers.Binary;

namespace LazyRestore.Restore.Tracing;

/// <summary>
/// The frame from which rt_sigreturn(2) brings a thread back to where it was (struct rt_sigframe, arch/x86/include/asm/sigframe.h). A
/// thread that runs a program of ours carries one: when we are killed, it returns by itself.
/// </summary>
internal static class SignalFrame
{
    private const int FlagsOffset = 8;
    private const int StackFlagsOffset = 32;
    private const int ContextOffset = 48;
    private const int FloatingPointOffset = ContextOffset + 184;
    private const int MaskOffset = 304;
    private const int ExtendedStateOffset = 512;
    private const int SoftwareBytesOffset = 464;
    private const ulong ContextFlags = 7; // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
    private const uint InvalidStackFlags = 0x7777; // Refused by the kernel, which then leaves the alternate stack as it is.
    private const uint Magic1 = 0x46505853;
    private const uint Magic2 = 0x46505845;
    private const ulong SyscallLength = 2;
    private const ulong NoCall = ulong.MaxValue;

    /// <summary>The alignment that a frame's address needs, in bytes.</summary>
    internal const ulong Alignment = 64;

    /// <summary>What the stack pointer has to be, relative to the frame, when rt_sigreturn is called.</summary>
    internal const ulong StackPointerOffset = sizeof(ulong);

    /// <summary>Builds the frame of a thread for an address.</summary>
    internal static byte[] Build(ulong address, in UserRegisters own, ReadOnlySpan<byte> extendedState, ulong mask)
    {
        byte[] frame = new byte[ExtendedStateOffset + extendedState.Length + sizeof(uint)];
        UserRegisters registers = Again(own);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(FlagsOffset), ContextFlags);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(StackFlagsOffset), InvalidStackFlags);
        WriteContext(frame.AsSpan(ContextOffset), registers);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(FloatingPointOffset), address + ExtendedStateOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(MaskOffset), mask);
        extendedState.CopyTo(frame.AsSpan(ExtendedStateOffset));
        Span<byte> software = frame.AsSpan(ExtendedStateOffset + SoftwareBytesOffset);
        ulong features = BinaryPrimitives.ReadUInt64LittleEndian(software);
        BinaryPrimitives.WriteUInt32LittleEndian(software, Magic1);
        BinaryPrimitives.WriteUInt32LittleEndian(software[4..], (uint)extendedState.Length + sizeof(uint));
        BinaryPrimitives.WriteUInt64LittleEndian(software[8..], features);
        BinaryPrimitives.WriteUInt32LittleEndian(software[16..], (uint)extendedState.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(ExtendedStateOffset + extendedState.Length), Magic2);
        return frame;
    }

    // rt_sigreturn does not restart a system call, so the thread makes it again.
    private static UserRegisters Again(UserRegisters registers)
    {
        const long RestartSys = -512;
        const long RestartBlock = -516;
        if (registers.orig_rax != NoCall && (long)registers.rax is <= RestartSys and >= RestartBlock)
        {
            registers.rax = registers.orig_rax;
            registers.rip -= SyscallLength;
        }

        return registers;
    }

    private static void WriteContext(Span<byte> context, in UserRegisters r)
    {
        ReadOnlySpan<ulong> inOrder =
            [r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx, r.rdx, r.rax, r.rcx, r.rsp, r.rip, r.eflags];
        for (int i = 0; i < inOrder.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(context[(i * sizeof(ulong))..], inOrder[i]);
        }

        Span<byte> segments = context[(inOrder.Length * sizeof(ulong))..];
        BinaryPrimitives.WriteUInt16LittleEndian(segments, (ushort)r.cs);
        BinaryPrimitives.WriteUInt16LittleEndian(segments[6..], (ushort)r.ss);
    }
}
