using System.Runtime.InteropServices;

namespace LazyRestore.Agent.State;

/// <summary>
/// The machine code that starts a <see cref="DescriptorKeeper"/>: <c>long start(KeeperArguments*)</c>. The keeper runs nothing but this
/// code, with all signals blocked and without a stack. The tests assemble it from its instructions and compare.
/// </summary>
internal static class KeeperCode
{
    /// <summary>The code, which runs anywhere.</summary>
    internal static ReadOnlySpan<byte> Bytes =>
    [
        0x53, 0x41, 0x54, 0x48, 0x89, 0xfb, 0x48, 0x8d, 0x73, 0x58, 0x48, 0x8d, 0x53, 0x60, 0xbf, 0x02,
        0x00, 0x00, 0x00, 0x41, 0xba, 0x08, 0x00, 0x00, 0x00, 0xb8, 0x0e, 0x00, 0x00, 0x00, 0x0f, 0x05,
        0x48, 0x8d, 0x3b, 0xbe, 0x58, 0x00, 0x00, 0x00, 0xb8, 0xb3, 0x01, 0x00, 0x00, 0x0f, 0x05, 0x48,
        0x85, 0xc0, 0x75, 0x35, 0xb8, 0x70, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xbf, 0x0f, 0x00, 0x00, 0x00,
        0x48, 0x8d, 0x73, 0x70, 0xb8, 0x9d, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x48, 0x8d, 0x7b, 0x68, 0xbe,
        0x01, 0x00, 0x00, 0x00, 0x31, 0xd2, 0x45, 0x31, 0xd2, 0xb8, 0x0f, 0x01, 0x00, 0x00, 0x0f, 0x05,
        0x31, 0xff, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x49, 0x89, 0xc4, 0x48, 0x8d, 0x73, 0x60,
        0x31, 0xd2, 0xbf, 0x02, 0x00, 0x00, 0x00, 0x41, 0xba, 0x08, 0x00, 0x00, 0x00, 0xb8, 0x0e, 0x00,
        0x00, 0x00, 0x0f, 0x05, 0x4c, 0x89, 0xe0, 0x41, 0x5c, 0x5b, 0xc3,
    ];
}

/// <summary>What <see cref="KeeperCode"/> works with.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct KeeperArguments
{
    internal const int CloneOffset = 0;
    internal const int CloneSize = 88;
    internal const int AllSignalsOffset = CloneSize;
    internal const int OldMaskOffset = AllSignalsOffset + 8;
    internal const int WatchedOffset = OldMaskOffset + 8;
    internal const int NameOffset = WatchedOffset + 8;
    internal const int Size = NameOffset + 16;

    /// <summary>struct clone_args of clone3(2): its flags.</summary>
    [FieldOffset(CloneOffset)]
    public ulong CloneFlags;

    /// <summary>struct clone_args: where the kernel writes the child's ID in its parent's memory.</summary>
    [FieldOffset(CloneOffset + 24)]
    public ulong CloneParentTid;

    /// <summary>struct clone_args: the signal that its parent gets at its end.</summary>
    [FieldOffset(CloneOffset + 32)]
    public ulong CloneExitSignal;

    /// <summary>The signals that are blocked meanwhile.</summary>
    [FieldOffset(AllSignalsOffset)]
    public ulong AllSignals;

    /// <summary>struct pollfd of the process's pidfd.</summary>
    [FieldOffset(WatchedOffset)]
    public Tmds.Linux.pollfd Watched;

    /// <summary>The name it goes by, with a zero at its end.</summary>
    [FieldOffset(NameOffset)]
    public fixed byte Name[16];
}
