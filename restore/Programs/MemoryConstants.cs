namespace LazyRestore.Restore.Programs;

/// <summary>PROT_* and MAP_* of mmap(2), MADV_* of madvise(2), MREMAP_* of mremap(2), as arguments of planned calls.</summary>
internal static class MemoryConstants
{
    internal const ulong PageSize = 4096;

    internal const ulong ProtRead = 1;
    internal const ulong ProtWrite = 2;
    internal const ulong ProtExec = 4;

    internal const ulong MapShared = 0x01;
    internal const ulong MapPrivate = 0x02;
    internal const ulong MapFixed = 0x10;
    internal const ulong MapAnonymous = 0x20;
    internal const ulong MapGrowsDown = 0x100;
    internal const ulong MapNoReserve = 0x4000;
    internal const ulong MapFixedNoReplace = 0x100000;

    internal const int AdviseDontFork = 10;
    internal const int AdviseHugePage = 14;
    internal const int AdviseNoHugePage = 15;
    internal const int AdviseDontDump = 16;

    internal const ulong MremapMayMove = 1;
    internal const ulong MremapFixed = 2;
}
