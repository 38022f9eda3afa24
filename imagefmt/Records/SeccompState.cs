using System.Buffers.Binary;

namespace LazyRestore.ImageFormat.Records;

/// <summary>What a thread may call, seccomp(2): without filters it is in strict mode.</summary>
/// <param name="Filters">The filters, the oldest first.</param>
public sealed record SeccompState(IReadOnlyList<SeccompFilter> Filters);

/// <summary>A filter of system calls: a program of classic BPF.</summary>
/// <param name="Flags">SECCOMP_FILTER_FLAG_LOG (2), or none.</param>
/// <param name="Program">The instructions: struct sock_filter, 8 bytes each.</param>
public readonly record struct SeccompFilter(int Flags, ReadOnlyMemory<byte> Program)
{
    /// <summary>The size of an instruction in bytes.</summary>
    public const int InstructionSize = 8;

    /// <summary>Whether it may answer that another process is to decide (SECCOMP_RET_USER_NOTIF).</summary>
    public bool AsksAnotherProcess
    {
        get
        {
            const ushort Return = 6; // BPF_RET | BPF_K
            const uint AskAction = 0x7fc00000;
            const uint Action = 0xffff0000;
            for (int at = 0; at < Program.Length; at += InstructionSize)
            {
                ReadOnlySpan<byte> instruction = Program.Span[at..];
                if (BinaryPrimitives.ReadUInt16LittleEndian(instruction) == Return
                    && (BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]) & Action) == AskAction)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
