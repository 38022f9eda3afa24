using System.Runtime.InteropServices;

namespace LazyRestore.Tools.Check;

/// <summary>What the kernel keeps for checkpoint and restore, and whether this user may use it.</summary>
internal static class CheckpointRestoreProbe
{
    /// <summary>Whether the kernel was built with CONFIG_CHECKPOINT_RESTORE: PR_SET_MM_MAP_SIZE answers only then.</summary>
    public static unsafe Finding Kernel()
    {
        uint size = 0;
        return Interop.prctl(Interop.PR_SET_MM, Interop.PR_SET_MM_MAP_SIZE, (nuint)(&size), 0, 0) is 0
            ? Finding.Ok("CONFIG_CHECKPOINT_RESTORE")
            : Finding.Missing(
                $"prctl(PR_SET_MM): {Marshal.GetLastPInvokeErrorMessage()}", "Use a kernel built with CONFIG_CHECKPOINT_RESTORE.");
    }

    /// <summary>Whether processes may be given the IDs they had, clone3(2).</summary>
    public static Finding SetTid() =>
        Capabilities.Has(Capabilities.CAP_CHECKPOINT_RESTORE) ? Finding.Ok("CAP_CHECKPOINT_RESTORE")
        : Capabilities.Has(Capabilities.CAP_SYS_ADMIN) ? Finding.Ok("CAP_SYS_ADMIN")
        : Finding.Missing("neither CAP_CHECKPOINT_RESTORE nor CAP_SYS_ADMIN", "Run as root, or give CAP_CHECKPOINT_RESTORE.");
}
