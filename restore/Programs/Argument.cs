namespace LazyRestore.Restore.Programs;

/// <summary>A place in a program's data, whose address is known once the program is laid out.</summary>
/// <param name="Offset">Offset from the beginning of the data, in bytes.</param>
/// <param name="Length">Length in bytes.</param>
public readonly record struct DataRef(int Offset, int Length);

/// <summary>The result of an earlier call of the same program.</summary>
/// <param name="Index">The call's position in the program.</param>
public readonly record struct CallResultRef(int Index);

/// <summary>An argument of a call: a value, the address of data, or what an earlier call returned.</summary>
public readonly record struct Argument
{
    private Argument(ArgumentKind kind, ulong value)
    {
        Kind = kind;
        Value = value;
    }

    internal ArgumentKind Kind { get; }

    internal ulong Value { get; }

    /// <summary>A plain value.</summary>
    public static implicit operator Argument(ulong value) => new(ArgumentKind.Value, value);

    /// <summary>A plain value.</summary>
    public static implicit operator Argument(long value) => new(ArgumentKind.Value, (ulong)value);

    /// <summary>A plain value, sign-extended.</summary>
    public static implicit operator Argument(int value) => new(ArgumentKind.Value, (ulong)value);

    /// <summary>A plain value.</summary>
    public static implicit operator Argument(uint value) => new(ArgumentKind.Value, value);

    /// <summary>The address of data that goes with the program.</summary>
    public static implicit operator Argument(DataRef data) => new(ArgumentKind.DataAddress, (ulong)data.Offset);

    /// <summary>The result of an earlier call.</summary>
    public static implicit operator Argument(CallResultRef result) => new(ArgumentKind.Result, (ulong)result.Index);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ArgumentKind.DataAddress => $"data+{Value}",
        ArgumentKind.Result => $"result of #{Value}",
        _ => Value is < 4096 or > ulong.MaxValue - 4096 ? ((long)Value).ToString() : $"0x{Value:x}",
    };
}

internal enum ArgumentKind
{
    Value,
    DataAddress,
    Result,
}
