namespace LazyRestore.Restore;

internal static unsafe partial class Interop
{
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_TMPFILE = 0x410000;
}
