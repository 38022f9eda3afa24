using System.Runtime.InteropServices;
using static LazyRestore.Agent.Interop.UserFaultFd;

namespace LazyRestore.Agent.Moving;

/// <summary>A slot's record in the shared page; <see cref="MoverLayout"/> says what the fields mean.</summary>
[StructLayout(LayoutKind.Explicit, Size = MoverLayout.SlotSize)]
internal unsafe struct MoverSlot
{
    [FieldOffset(MoverLayout.State)]
    internal uint State;

    [FieldOffset(MoverLayout.Cancelled)]
    internal uint Cancelled;

    [FieldOffset(MoverLayout.CopyLength)]
    internal ulong CopyLength;

    [FieldOffset(MoverLayout.CopyDestination)]
    internal ulong CopyDestination;

    [FieldOffset(MoverLayout.CopySource)]
    internal ulong CopySource;

    [FieldOffset(MoverLayout.Call)]
    internal ulong Call;

    [FieldOffset(MoverLayout.Arguments)]
    internal fixed ulong Arguments[6];

    [FieldOffset(MoverLayout.Result)]
    internal long Result;

    [FieldOffset(MoverLayout.Request)]
    internal uffdio_move Move;
}
