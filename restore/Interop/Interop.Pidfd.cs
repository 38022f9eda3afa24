using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const int PidfdOpen = 434;
    internal const int PidfdGetFd = 438;
    internal const int KcmpCall = 312;
    internal const int KCMP_VM = 1;

    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    internal const short POLLIN = 1;

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int poll(pollfd* descriptors, nuint count, int timeoutMilliseconds);
}
