using System.Buffers.Binary;

namespace LazyRestore.Restore.Programs;

/// <summary>A program laid out for one address: first the calls, then their data.</summary>
internal sealed class ProgramImage
{
    private ProgramImage(byte[] bytes, ulong address, int calls)
    {
        Bytes = bytes;
        Address = address;
        CallCount = calls;
    }

    internal byte[] Bytes { get; }

    internal ulong Address { get; }

    internal int CallCount { get; }

    internal ulong End => Address + (ulong)(CallCount * CallLayout.Size);

    internal static ProgramImage Lay(SystemCallProgram program, ulong address)
    {
        byte[] bytes = new byte[program.Size];
        int dataStart = program.Calls.Count * CallLayout.Size;
        for (int i = 0; i < program.Calls.Count; i++)
        {
            WriteCall(bytes.AsSpan(i * CallLayout.Size, CallLayout.Size), program.Calls[i], address, dataStart);
        }

        program.InitialData.CopyTo(bytes.AsSpan(dataStart));
        foreach ((int at, int target) in program.Pointers)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(dataStart + at), address + (ulong)(dataStart + target));
        }

        return new ProgramImage(bytes, address, program.Calls.Count);
    }

    private static void WriteCall(Span<byte> bytes, PlannedCall call, ulong address, int dataStart)
    {
        uint flags = (call.StopOnError ? CallLayout.StopOnErrorFlag : 0) | (call.Branch > 0 ? CallLayout.BranchFlag : 0);
        for (int i = 0; i < call.Arguments.Length; i++)
        {
            Argument argument = call.Arguments[i];
            ulong value = argument.Value;
            switch (argument.Kind)
            {
                case ArgumentKind.DataAddress:
                    value = address + (ulong)dataStart + argument.Value;
                    break;
                case ArgumentKind.Result:
                    value = address + (argument.Value * CallLayout.Size) + CallLayout.ResultOffset;
                    flags |= 1u << i;
                    break;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(CallLayout.ArgumentsOffset + (i * sizeof(ulong)))..], value);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)call.Number);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[CallLayout.FlagsOffset..], (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[CallLayout.SkipOffset..], checked((ushort)call.Branch));
    }
}
