using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint process_vm_readv(int pid, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint process_vm_writev(int pid, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint pwrite(int fd, void* buffer, nuint count, long offset);
}
