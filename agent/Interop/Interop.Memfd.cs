namespace LazyRestore.Agent;

internal static unsafe partial class Interop
{
    internal const uint MFD_ALLOW_SEALING = 2;
    internal const int F_ADD_SEALS = 1033;
    internal const int F_SEAL_SEAL = 1;
    internal const int F_SEAL_SHRINK = 2;
    internal const int F_SEAL_GROW = 4;
    internal const int MADV_HUGEPAGE = 14;
}
