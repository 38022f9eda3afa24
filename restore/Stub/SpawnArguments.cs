using System.Runtime.InteropServices;

namespace LazyRestore.Restore.Stub;

/// <summary>What <see cref="SpawnCode"/> works with; the offsets are those it is assembled with.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SpawnArguments
{
    internal const int CloneArgumentsOffset = 0;
    internal const int CloneArgumentsSizeOffset = 8;
    internal const int FileOffset = 16;
    internal const int EmptyPathOffset = 24;
    internal const int ArgumentsOffset = 32;
    internal const int EnvironmentOffset = 40;
    internal const int AllSignalsOffset = 48;
    internal const int OldMaskOffset = 56;
    internal const int ResultOffset = 64;

    public CloneArguments* CloneArguments;
    public ulong CloneArgumentsSize;
    public long File;
    public byte* EmptyPath;
    public byte** Arguments;
    public byte** Environment;
    public ulong AllSignals;
    public ulong OldMask;
    public long Result;
}

/// <summary>struct clone_args of clone3(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloneArguments
{
    internal const ulong CLONE_VM = 0x100;
    internal const ulong CLONE_FS = 0x200;
    internal const ulong CLONE_FILES = 0x400;
    internal const ulong CLONE_SIGHAND = 0x800;
    internal const ulong CLONE_VFORK = 0x4000;
    internal const ulong CLONE_PARENT = 0x8000;
    internal const ulong CLONE_THREAD = 0x10000;
    internal const ulong CLONE_SYSVSEM = 0x40000;
    internal const ulong SIGCHLD = 17;

    public ulong flags;
    public ulong pidfd;
    public ulong child_tid;
    public ulong parent_tid;
    public ulong exit_signal;
    public ulong stack;
    public ulong stack_size;
    public ulong tls;
    public ulong set_tid;
    public ulong set_tid_size;
    public ulong cgroup;
}
