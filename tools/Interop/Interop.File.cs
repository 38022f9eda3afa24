using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static unsafe partial class Interop
{
    internal const int O_DIRECT = 0x4000;
    internal const int O_ASYNC = 0x2000;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_DIRECTORY = 0x10000;
    internal const int O_PATH = 0x200000;
    internal const int O_WRONLY = 1;
    internal const int O_ACCMODE = 3;
    internal const int O_NONBLOCK = 0x800;

    internal const int F_GETFL = 3;
    internal const int F_GETSIG = 11;
    internal const int F_SETPIPE_SZ = 1031;
    internal const int F_GETPIPE_SZ = 1032;
    internal const int F_GETOWN_EX = 16;
    internal const int F_GET_SEALS = 1034;

    internal const int SEEK_CUR = 1;
    internal const int SEEK_DATA = 3;
    internal const int SEEK_HOLE = 4;

    internal const uint S_IFMT = 0xF000;
    internal const uint S_IFSOCK = 0xC000;
    internal const uint S_IFLNK = 0xA000;
    internal const uint S_IFREG = 0x8000;
    internal const uint S_IFBLK = 0x6000;
    internal const uint S_IFDIR = 0x4000;
    internal const uint S_IFCHR = 0x2000;
    internal const uint S_IFIFO = 0x1000;

    internal const uint SPLICE_F_NONBLOCK = 2;
    internal const nuint FIONREAD = 0x541B;

    internal const int SIGSTOP = 19;

    internal const int ENXIO = 6;
    internal const int EAGAIN = 11;
    internal const int EFAULT = 14;
    internal const int EINVAL = 22;
    internal const int ENOTTY = 25;

    [StructLayout(LayoutKind.Sequential)]
    internal struct f_owner_ex
    {
        public int type;
        public int pid;
    }

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument = 0);

    // -1 with errno on failure; ENXIO from SEEK_DATA says that only a hole is left.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial nint tee(int from, int to, nuint length, uint flags);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int pipe2(int* ends, int flags);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, EntryPoint = "ioctl")]
    internal static partial int ioctl_int(int fd, nuint request, int* value);

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int kill(int pid, int signal);
}
