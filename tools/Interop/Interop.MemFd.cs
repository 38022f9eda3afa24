using System.Runtime.InteropServices;

namespace LazyRestore.Tools;

internal static partial class Interop
{
    internal static partial class Libc
    {
        internal const uint MFD_CLOEXEC = 1;

        // -1 and errno on failure.
        [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int memfd_create(string name, uint flags);
    }
}
