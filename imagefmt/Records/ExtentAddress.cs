namespace LazyRestore.ImageFormat.Records;

/// <summary>
/// Where an extent begins: an address in the process (space 0) or an offset in a memory object. An extent covers the 2 MiB
/// that follow, so its address is a multiple of <see cref="ImageLayout.ExtentSpan"/>.
/// </summary>
public readonly record struct ExtentAddress(int Space, ulong Address) : IComparable<ExtentAddress>
{
    /// <summary>The space of the process's own address space.</summary>
    public const int Process = 0;

    /// <summary>The address of the extent that holds a place of a space.</summary>
    public static ExtentAddress Containing(int space, ulong address) =>
        new(space, address & ~(ulong)(ImageLayout.ExtentSpan - 1));

    /// <inheritdoc/>
    public int CompareTo(ExtentAddress other) =>
        Space != other.Space ? Space.CompareTo(other.Space) : Address.CompareTo(other.Address);

    /// <inheritdoc/>
    public override string ToString() => $"{Space}:{Address:x}";
}
