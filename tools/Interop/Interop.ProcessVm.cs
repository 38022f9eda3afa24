using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const string Libc = "libc";

    [StructLayout(LayoutKind.Sequential)]
    internal struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    // -1 with errno when nothing was read; fewer bytes than asked when a later part could not be read.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint process_vm_readv(int pid, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);
}
