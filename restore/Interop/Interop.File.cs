using System.Runtime.InteropServices;

namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_TMPFILE = 0x410000;

    // -1 with errno on failure.
    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chown(string path, uint owner, uint group);
}
