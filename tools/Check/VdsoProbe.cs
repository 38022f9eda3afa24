using System.Runtime.InteropServices;

namespace LazyRestore.Tools.Check;

/// <summary>Whether the vDSO can be mapped where a restored process had it, arch_prctl(2).</summary>
internal static class VdsoProbe
{
    /// <summary>Looks: a process that has its vDSO already is told EEXIST, and EINVAL where the request is unknown.</summary>
    public static Finding Examine()
    {
        long result = Interop.syscall(Interop.SYS_arch_prctl, Interop.ARCH_MAP_VDSO_64);
        int errno = Marshal.GetLastPInvokeError();
        return result >= 0 || errno is Interop.EEXIST
            ? Finding.Ok("ARCH_MAP_VDSO_64")
            : Finding.Missing(
                $"arch_prctl(ARCH_MAP_VDSO_64): {Marshal.GetPInvokeErrorMessage(errno)}",
                "Use a kernel built with CONFIG_CHECKPOINT_RESTORE.");
    }
}
