namespace LazyRestore.Restore.Plan;

/// <summary>The part of linux/userfaultfd.h that the restored process itself calls (Documentation/admin-guide/mm/userfaultfd.rst).</summary>
internal static class UserFaultConstants
{
    /// <summary>O_CLOEXEC | O_NONBLOCK.</summary>
    internal const int CreateFlags = 0x80800;

    internal const uint Api = 0xC018AA3F;
    internal const uint Register = 0xC020AA00;
    internal const ulong ApiVersion = 0xAA;
    internal const ulong RegisterMissing = 1;

    /// <summary>UFFD_FEATURE_EVENT_FORK, _REMAP, _REMOVE and _UNMAP.</summary>
    internal const ulong Events = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 6);

    /// <summary>UFFD_FEATURE_MISSING_SHMEM.</summary>
    internal const ulong MissingShared = 1 << 5;

    /// <summary>UFFD_FEATURE_POISON, Linux 6.6.</summary>
    internal const ulong Poison = 1 << 14;

    /// <summary>UFFD_FEATURE_MOVE, Linux 6.8.</summary>
    internal const ulong Move = 1 << 16;
}
