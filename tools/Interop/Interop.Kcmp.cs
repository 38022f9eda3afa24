using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const int KCMP_FILE = 0;
    internal const int KCMP_VM = 1;
    internal const int KCMP_FILES = 2;
    internal const int KCMP_FS = 3;
    internal const int KCMP_SIGHAND = 4;
    internal const int KCMP_SYSVSEM = 6;
    internal const int KCMP_EPOLL_TFD = 7;

    [StructLayout(LayoutKind.Sequential)]
    internal struct kcmp_epoll_slot
    {
        public uint efd;
        public uint tfd;
        public uint toff;
    }
}
