using System.Runtime.InteropServices;

namespace LazyRestore.Restore.Tracing;

#pragma warning disable CS1591 // The names are those of struct user_regs_struct in sys/user.h.

/// <summary>The general registers of a thread: struct user_regs_struct, NT_PRSTATUS (ptrace(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct UserRegisters
{
    public ulong r15;
    public ulong r14;
    public ulong r13;
    public ulong r12;
    public ulong rbp;
    public ulong rbx;
    public ulong r11;
    public ulong r10;
    public ulong r9;
    public ulong r8;
    public ulong rax;
    public ulong rcx;
    public ulong rdx;
    public ulong rsi;
    public ulong rdi;
    public ulong orig_rax;
    public ulong rip;
    public ulong cs;
    public ulong eflags;
    public ulong rsp;
    public ulong ss;
    public ulong fs_base;
    public ulong gs_base;
    public ulong ds;
    public ulong es;
    public ulong fs;
    public ulong gs;

    /// <summary>Size of the register set in bytes.</summary>
    public const int Size = 27 * sizeof(ulong);

    /// <summary>Reads a register set from the bytes that an image stores.</summary>
    public static UserRegisters From(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<UserRegisters>(bytes);

    /// <summary>The bytes that an image stores.</summary>
    public readonly byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        MemoryMarshal.Write(bytes, in this);
        return bytes;
    }
}
