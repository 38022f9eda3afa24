namespace LazyRestore.Tools.Check;

/// <summary>All probes, in the order in which they are shown.</summary>
internal static class HostProbes
{
    /// <summary>The probes.</summary>
    public static IReadOnlyList<Probe> All { get; } =
    [
        new("kernel", Needed: true, KernelProbe.Examine),
        new("checkpoint_restore_kernel", Needed: true, CheckpointRestoreProbe.Kernel),
        new("ptrace", Needed: true, PtraceProbe.Examine),
        new("set_tid", Needed: true, CheckpointRestoreProbe.SetTid),
        new("vdso_remap", Needed: true, VdsoProbe.Examine),
        new("userfaultfd", Needed: true, UserfaultfdProbe.Open),
        .. UserfaultfdProbe.Features,
        new("pidfd_getfd", Needed: true, PidfdProbe.Examine),
        new("memfd", Needed: true, MemfdProbe.Examine),
        new("pagemap_scan", Needed: false, PagemapScanProbe.Examine),
        new("xsave", Needed: true, XsaveProbe.Examine),
        new("raise_limits", Needed: false, ResourceProbe.Limits),
        new("pipe_max_size", Needed: false, ResourceProbe.PipeSize),
        new("huge_pages", Needed: false, HugePageProbe.Examine),
    ];
}
