using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    /// <summary>process_vm_readv(2): -1 with errno EFAULT where nothing can be read.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint process_vm_readv(int pid, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint process_vm_writev(int pid, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);
}
