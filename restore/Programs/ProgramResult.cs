using System.Buffers.Binary;
using LazyRestore.Agent;

namespace LazyRestore.Restore.Programs;

/// <summary>What the calls of a program returned, and its data after they ran.</summary>
public sealed class ProgramResult
{
    private readonly SystemCallProgram _program;
    private readonly byte[] _bytes;

    internal ProgramResult(SystemCallProgram program, byte[] bytes, int executed)
    {
        _program = program;
        _bytes = bytes;
        Executed = executed;
    }

    /// <summary>How many calls ran to their end; fewer than planned when one that had to succeed failed.</summary>
    public int Executed { get; }

    /// <summary>What a call returned: a value, or -errno.</summary>
    public long this[CallResultRef call] =>
        BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan((call.Index * CallLayout.Size) + CallLayout.ResultOffset));

    /// <summary>The bytes at a place of the program's data.</summary>
    public ReadOnlySpan<byte> Bytes(DataRef data) =>
        _bytes.AsSpan((_program.Calls.Count * CallLayout.Size) + data.Offset, data.Length);

    /// <summary>A 64-bit value from the program's data.</summary>
    public ulong Word(DataRef data, int index = 0) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Bytes(data)[(index * sizeof(ulong))..]);

    /// <summary>Throws the error of the call that stopped the program, if one did.</summary>
    /// <exception cref="NativeException">A call that had to succeed failed.</exception>
    public void ThrowIfStopped()
    {
        if (Executed < _program.Calls.Count)
        {
            PlannedCall failed = _program.Calls[Executed];
            throw new NativeException($"{failed.Number}", (int)-this[new CallResultRef(Executed)], failed.About);
        }
    }
}
