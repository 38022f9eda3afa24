using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const long PTRACE_CONT = 7;
    internal const long PTRACE_DETACH = 17;
    internal const long PTRACE_SYSCALL = 24;
    internal const long PTRACE_SETOPTIONS = 0x4200;
    internal const long PTRACE_GETEVENTMSG = 0x4201;
    internal const long PTRACE_GETREGSET = 0x4204;
    internal const long PTRACE_SETREGSET = 0x4205;
    internal const long PTRACE_SEIZE = 0x4206;
    internal const long PTRACE_INTERRUPT = 0x4207;
    internal const long PTRACE_PEEKSIGINFO = 0x4209;
    internal const long PTRACE_GETSIGMASK = 0x420a;
    internal const long PTRACE_SETSIGMASK = 0x420b;
    internal const long PTRACE_SECCOMP_GET_FILTER = 0x420c;
    internal const long PTRACE_SECCOMP_GET_METADATA = 0x420d;
    internal const long PTRACE_GET_RSEQ_CONFIGURATION = 0x420f;

    internal const long PTRACE_O_TRACESYSGOOD = 1;
    internal const long PTRACE_O_TRACEFORK = 1 << 1;
    internal const long PTRACE_O_TRACECLONE = 1 << 3;
    internal const long PTRACE_O_EXITKILL = 1 << 20;

    internal const long PTRACE_O_SUSPEND_SECCOMP = 1 << 21;

    internal const int PTRACE_EVENT_CLONE = 3;
    internal const int PTRACE_EVENT_STOP = 128;

    internal const uint PTRACE_PEEKSIGINFO_SHARED = 1;

    internal const int NT_PRSTATUS = 1;
    internal const int NT_X86_XSTATE = 0x202;

    [StructLayout(LayoutKind.Sequential)]
    internal struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ptrace_peeksiginfo_args
    {
        public ulong off;
        public uint flags;
        public int nr;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct seccomp_metadata
    {
        public ulong filter_off;
        public ulong flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ptrace_rseq_configuration
    {
        public ulong rseq_abi_pointer;
        public uint rseq_abi_size;
        public uint signature;
        public uint flags;
        public uint pad;
    }

    // -1 with errno on failure; the PEEK requests, whose results overlap with -1, are not used.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial long ptrace(long request, int pid, void* addr, void* data);
}
