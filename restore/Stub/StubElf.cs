using System.Buffers.Binary;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Stub;

/// <summary>
/// The smallest program there is: a static ELF executable (elf(5)) that waits for ever. A process is restored by replacing
/// everything in it.
/// </summary>
internal static class StubElf
{
    /// <summary>Where the kernel maps it.</summary>
    internal const ulong Base = 0x10000;

    /// <summary>Where its <c>syscall</c> instruction lies.</summary>
    internal static ulong SyscallInstruction { get; } = Base + HeadersSize + SyscallOffset;

    private const int ElfHeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int HeadersSize = ElfHeaderSize + ProgramHeaderSize;
    private const int SyscallOffset = 5; // behind "mov eax, imm32"

    /// <summary>pause(2) for ever: <c>mov eax, 34; syscall; jmp</c> back. The tests assemble it and compare.</summary>
    internal static ReadOnlySpan<byte> Code => [0xb8, 0x22, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xeb, 0xf7];

    /// <summary>The file.</summary>
    internal static byte[] Build()
    {
        byte[] file = new byte[HeadersSize + Code.Length];
        WriteElfHeader(file);
        WriteProgramHeader(file.AsSpan(ElfHeaderSize), file.Length);
        Code.CopyTo(file.AsSpan(HeadersSize));
        return file;
    }

    private static void WriteElfHeader(Span<byte> header)
    {
        ReadOnlySpan<byte> identification = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        identification.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62); // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1); // EV_CURRENT
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], Base + HeadersSize); // e_entry
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], ElfHeaderSize); // e_phoff
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], ElfHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1); // e_phnum
    }

    private static void WriteProgramHeader(Span<byte> header, int fileSize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 5); // PF_R | PF_X
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], Base); // p_vaddr
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], Base); // p_paddr
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], (ulong)fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], MemoryConstants.PageSize); // p_align
    }
}
